package reads

import (
	"reflect"
	"strings"
	"text/template/parse"
)

// consume notes that values are read with all that is in them.
func (a *analysis) consume(read values) {
	for one := range read {
		a.read.whole[one.path] = true
	}
}

// consumeLeaves notes it of those that are no objects, lists or maps.
func (a *analysis) consumeLeaves(read values) {
	for one := range read {
		if one.boxed == 0 && isLeaf(one.typ) {
			a.read.whole[one.path] = true
		}
	}
}

// consumeKeys notes it of maps, whose keys are read.
func (a *analysis) consumeKeys(read values) {
	for one := range read {
		if typ := pointed(one.typ); one.boxed == 0 && (typ == nil || typ.Kind() == reflect.Map) {
			a.read.whole[one.path] = true
		}
	}
}

func pointed(typ reflect.Type) reflect.Type {
	for typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ
}

func isLeaf(typ reflect.Type) bool {
	if typ = pointed(typ); typ == nil {
		return true
	}
	switch typ.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return false
	}
	return true
}

func join(path, step string) string {
	step = strings.ReplaceAll(step, "/", "~1")
	if path == "" {
		return step
	}
	return path + "/" + step
}

// fields follows field names.
func (a *analysis) fields(of values, names []string) values {
	for _, name := range names {
		next := values{}
		for one := range of {
			if inner, ok := one.field(name); ok {
				next[inner] = true
			} else { // a method, or what is not known
				a.read.whole[one.path] = true
			}
		}
		of = next
	}
	return of
}

// field returns a field of an object or an entry of a map.
func (v value) field(name string) (value, bool) {
	if v.boxed > 0 {
		v.boxed--
		return v, true
	}
	typ := pointed(v.typ)
	if typ == nil {
		return value{}, false
	}
	switch typ.Kind() {
	case reflect.Struct:
		if _, isMethod := reflect.PointerTo(typ).MethodByName(name); isMethod {
			return value{}, false
		}
		if field, ok := typ.FieldByName(name); ok {
			path := v.path
			for i := range field.Index[:len(field.Index)-1] {
				path = join(path, typ.FieldByIndex(field.Index[:i+1]).Name)
			}
			return value{path: join(path, field.Name), typ: field.Type}, true
		}
	case reflect.Map:
		return value{path: join(v.path, name), typ: typ.Elem()}, true
	}
	return value{}, false
}

// elements returns what a loop over values gives.
func (a *analysis) elements(of values) values {
	all := values{}
	for one := range of {
		if one.boxed > 0 {
			one.boxed--
			all[one] = true
			continue
		}
		typ := pointed(one.typ)
		if typ == nil {
			a.read.whole[one.path] = true
			continue
		}
		switch typ.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map:
			all[value{path: join(one.path, "*"), typ: typ.Elem()}] = true
		default:
			a.read.whole[one.path] = true
		}
	}
	return all
}

// call returns what a function yields, and notes what it reads.
func (a *analysis) call(name string, nodes []parse.Node, arguments []values) values {
	switch name {
	case "index", "get":
		return a.index(nodes, arguments)
	case "and", "or":
		return a.union(arguments)
	case "len", "not":
		for _, argument := range arguments {
			a.consumeLeaves(argument)
		}
		return nil
	}
	function, declared := a.functions[name]
	if !declared {
		for _, argument := range arguments {
			a.consume(argument)
		}
		return nil
	}
	for i, argument := range arguments {
		if len(function.Reads) == 0 {
			break
		}
		a.consumeBelow(argument, function.Reads[min(i, len(function.Reads)-1)])
	}
	switch {
	case function.Returns:
		return a.union(arguments)
	case function.Boxes:
		boxed := values{}
		for one := range a.union(arguments) {
			one.boxed++
			if one.boxed > 8 { // a list that is put into itself, over and over
				a.read.whole[one.path] = true
				continue
			}
			boxed[one] = true
		}
		return boxed
	case function.Element:
		return a.elements(a.union(arguments))
	case function.Reads == nil:
		for _, argument := range arguments {
			a.consume(argument)
		}
	}
	return nil
}

// consumeBelow notes that paths below values are read.
func (a *analysis) consumeBelow(of values, paths []string) {
	for one := range of {
		for _, path := range paths {
			if one.boxed > 0 || path == "" {
				a.read.whole[one.path] = true
			} else {
				a.read.whole[strings.TrimPrefix(one.path+"/"+path, "/")] = true
			}
		}
	}
}

func (a *analysis) union(all []values) values {
	union := values{}
	for _, some := range all {
		a.consumeLeaves(some)
		union.add(some)
	}
	return union
}

// index follows index and get: constant keys by name, others to every element.
func (a *analysis) index(nodes []parse.Node, arguments []values) values {
	if len(arguments) == 0 {
		return nil
	}
	of := arguments[0]
	for i, argument := range arguments[1:] {
		a.consume(argument)
		var key parse.Node
		if i+1 < len(nodes) {
			key = nodes[i+1]
		}
		text, isConstant := key.(*parse.StringNode)
		if isConstant && allMaps(of) {
			of = a.fields(of, []string{text.Text})
		} else {
			of = a.elements(of)
		}
	}
	return of
}

func allMaps(of values) bool {
	for one := range of {
		if typ := pointed(one.typ); one.boxed > 0 || typ == nil || typ.Kind() != reflect.Map {
			return false
		}
	}
	return true
}
