package preview

import (
	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/internal/podtype"
)

// restore takes what was filled in away from an answer again. submitted is a value of that type as it was written,
// defaulted the same with what the API server and the controllers fill in, answered what became of that: the result is what
// would have become of submitted. What means the same in answered as in defaulted is given back as it was submitted; what
// was filled in and then changed stays as it was changed. A nil value stands for an absent one. The result shares what it
// can with submitted and answered, neither of which is changed.
func restore(t *podtype.Type, submitted, defaulted, answered any) any {
	result, _ := restored(t, submitted, defaulted, answered)
	return result
}

// restored is restore; same says that nothing became of the value: the result is as it was submitted.
func restored(t *podtype.Type, submitted, defaulted, answered any) (result any, same bool) {
	switch answered := answered.(type) {
	case map[string]any:
		if defaulted, ok := defaulted.(map[string]any); ok {
			return restoreObject(t, submitted, defaulted, answered)
		}
	case []any:
		if defaulted, ok := defaulted.([]any); ok {
			submitted, _ := submitted.([]any)
			return restoreList(t, submitted, defaulted, answered)
		}
	}
	if listmap.EqualField(t, defaulted, answered) {
		return submitted, true
	}
	return answered, false
}

// dependents are fields that are filled in by what another field beside them holds. If that has changed, they would be
// filled in differently now, so that what was answered has to be kept.
var dependents = map[string]string{
	"imagePullPolicy": "image",
	"pullPolicy":      "reference",
	"requests":        "limits",
	"serviceAccount":  "serviceAccountName",
}

func restoreObject(t *podtype.Type, submitted any, defaulted, answered map[string]any) (any, bool) {
	before, wasThere := submitted.(map[string]any)
	result, same := map[string]any{}, true
	for key, value := range before {
		// A field that was dropped before the request was made, or may as well have been, stays as it was.
		if _, stays := answered[key]; !stays && listmap.Absent(t.Field(key), defaulted[key]) {
			result[key] = value
		}
	}
	for key, value := range defaulted {
		if _, stays := answered[key]; !stays && !listmap.Absent(t.Field(key), value) {
			same = false
		}
	}
	for key, value := range answered {
		on, depends := dependents[key]
		if !depends || listmap.EqualField(t.Field(on), defaulted[on], answered[on]) {
			var unchanged bool
			value, unchanged = restored(t.Field(key), before[key], defaulted[key], value)
			same = same && unchanged
		}
		if _, written := before[key]; value != nil || written {
			result[key] = value
		}
	}
	if same || len(result) == 0 && !wasThere {
		return submitted, same
	}
	return result, false
}

// restoreList finds the elements of the answer in the request, wherever they went. Filling in only ever appends to lists,
// so that an element of the request is the submitted one of the same index, or, past their number, one that was filled in.
func restoreList(t *podtype.Type, submitted, defaulted, answered []any) (any, bool) {
	result, same := make([]any, 0, len(answered)), len(answered) == len(defaulted)
	for i, from := range listmap.Match(t, defaulted, answered) {
		if from < 0 { // It is new.
			result, same = append(result, answered[i]), false
			continue
		}
		var was any
		if from < len(submitted) {
			was = submitted[from]
		}
		value, unchanged := was, true
		if _, keyed := listmap.Key(t, answered[i]); keyed { // Others are the same if they are equal.
			value, unchanged = restored(t.Elem(), was, defaulted[from], answered[i])
		}
		switch {
		case from < len(submitted):
			result = append(result, value)
		case !unchanged: // It was filled in, then changed.
			result = append(result, answered[i])
		}
		same = same && unchanged && from == i
	}
	if same || len(result) == 0 && submitted == nil {
		if submitted == nil {
			return nil, same
		}
		return submitted, same
	}
	return result, false
}
