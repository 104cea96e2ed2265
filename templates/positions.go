package templates

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// positions are the original positions of containers that the pod's author wrote and templates inject too, by name, in the
// form list/index. Injection moves such containers, and templates may depend on where they are.
type positions map[string]string

// positionsOf returns the positions of the pod's containers that have the name of an injected one.
func positionsOf(pod Pod, lists map[string]string) positions {
	found := positions{}
	for _, list := range containerLists {
		for i, container := range pod.In(list) {
			if name := nameOf(container); lists[name] != "" {
				found[name] = position(list, i)
			}
		}
	}
	return found
}

func position(list string, index int) string { return list + "/" + strconv.Itoa(index) }

// lostPositions returns the original positions if one of them cannot be seen in the injected pod once the fields that the
// status says are owned have been taken away, nil if all can: a container that goes back moves those behind it.
func (s status) lostPositions(original positions, injected Pod) positions {
	seen := 0
	for _, list := range containerLists {
		index := 0
		for _, container := range injected.In(list) {
			name := nameOf(container)
			_, isInjected := s.of(list, name)
			if isInjected && (original[name] == "" || s.withoutOwned(list, container) == nil) {
				continue // it is not there
			}
			if original[name] == position(list, index) {
				seen++
			}
			index++
		}
	}
	if seen == len(original) {
		return nil
	}
	return original
}

// restorePositions puts the containers of an injected pod that their author wrote back to where they stood; one of which
// nothing is left was there by name alone. What is left of all other injected ones, such as what the API server filled in,
// goes to the end of its list. It changes the pod's spec, and no list in it.
func (s status) restorePositions(pod Pod) {
	type target struct {
		name      string
		index     int
		container any
	}
	spec, ok := pod["spec"].(map[string]any)
	if !ok || len(s.Containers) == 0 {
		return
	}
	found, order := map[string]any{}, []string{Containers, InitContainers} // of two of one name that of Containers
	stay, last := map[string][]any{}, map[string][]any{}
	for _, list := range order {
		all, _ := spec[list].([]any)
		for _, element := range all {
			container, _ := element.(map[string]any)
			name := nameOf(container)
			_, _, restored := s.original(name)
			switch _, injected := s.of(list, name); {
			case restored:
				if found[name] == nil {
					found[name] = element
				}
			case injected && s.Overrides[name] == nil:
				last[list] = append(last[list], element)
			default:
				stay[list] = append(stay[list], element)
			}
		}
	}
	targets := map[string][]target{}
	for _, name := range slices.Sorted(maps.Keys(s.Positions)) {
		if list, index, ok := s.original(name); ok {
			container := found[name]
			if container == nil {
				container = map[string]any{"name": name}
			}
			targets[list] = append(targets[list], target{name, index, container})
		}
	}
	for _, list := range order {
		there := targets[list]
		slices.SortStableFunc(there, func(a, b target) int { return cmp.Compare(a.index, b.index) })
		all, rest := []any{}, stay[list]
		for _, t := range there {
			before := min(max(t.index-len(all), 0), len(rest))
			all = append(append(all, rest[:before]...), t.container)
			rest = rest[before:]
		}
		all = append(append(all, rest...), last[list]...)
		if _, was := spec[list]; len(all) > 0 || was && list == Containers {
			spec[list] = all
		} else {
			delete(spec, list)
		}
	}
}

// original returns the original position of a container that its author wrote; ok is false if it is not known, or if the
// container is not known to be injected.
func (s status) original(name string) (list string, index int, ok bool) {
	list, number, _ := strings.Cut(s.Positions[name], "/")
	i, err := strconv.ParseUint(number, 10, 16)
	if err != nil || s.Overrides[name] == nil || !slices.Contains(containerLists, list) {
		return "", 0, false
	}
	_, first := s.of(Containers, name)
	_, second := s.of(InitContainers, name)
	return list, int(i), first || second
}
