package templates

import (
	"maps"
	"slices"
	"strconv"

	"gomodules.xyz/jsonpatch/v2"
)

// Patch is an RFC 6902 patch.
type Patch []jsonpatch.Operation

// Diff returns the patch that turns before into after: two decoded JSON objects, which it does not change; values in
// the patch are shared with after. It replaces nothing that need not be replaced: objects are descended into, lists
// keep the elements that stay, and every insertion names its position, so that the order of after is the order that
// results. A null field of before that after lacks stays as it is. Equal objects give a nil patch.
func Diff(before, after map[string]any) Patch {
	return diffObjects(nil, "", before, after)
}

func diffObjects(patch Patch, path string, before, after map[string]any) Patch {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, kept := after[key]; !kept && before[key] != nil {
			patch = append(patch, jsonpatch.NewOperation("remove", path+"/"+pointerEscapes.Replace(key), nil))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		at := path + "/" + pointerEscapes.Replace(key)
		if old, known := before[key]; known {
			patch = diffValues(patch, at, old, after[key])
		} else {
			patch = append(patch, jsonpatch.NewOperation("add", at, after[key]))
		}
	}
	return patch
}

func diffValues(patch Patch, path string, before, after any) Patch {
	switch old := before.(type) {
	case map[string]any:
		if object, ok := after.(map[string]any); ok {
			return diffObjects(patch, path, old, object)
		}
	case []any:
		if list, ok := after.([]any); ok {
			return diffLists(patch, path, old, list)
		}
	}
	if equal(before, after) {
		return patch
	}
	return append(patch, jsonpatch.NewOperation("replace", path, after))
}

// diffLists keeps a longest common subsequence of elements that are the same element (sameElement), removes the
// others from the back, adds the new ones from the front, and then descends into those kept, at their final places.
func diffLists(patch Patch, path string, before, after []any) Patch {
	kept := commonSubsequence(before, after)
	stays := make(map[int]bool, len(kept))
	for _, pair := range kept {
		stays[pair.before] = true
	}
	for i := len(before) - 1; i >= 0; i-- {
		if !stays[i] {
			patch = append(patch, jsonpatch.NewOperation("remove", path+"/"+strconv.Itoa(i), nil))
		}
	}
	next := 0
	for i := range after {
		if next < len(kept) && kept[next].after == i {
			next++
			continue
		}
		patch = append(patch, jsonpatch.NewOperation("add", path+"/"+strconv.Itoa(i), after[i]))
	}
	for _, pair := range kept {
		patch = diffValues(patch, path+"/"+strconv.Itoa(pair.after), before[pair.before], after[pair.after])
	}
	return patch
}

// indexPair is one element's place in the list before and in the list after.
type indexPair struct{ before, after int }

// commonSubsequence pairs the elements that stand in both lists, in order, as many as possible. What is common at the
// two ends is paired first; what lies between, which injection keeps short, by the quadratic textbook method.
func commonSubsequence(before, after []any) []indexPair {
	var pairs, tail []indexPair
	start, endBefore, endAfter := 0, len(before), len(after)
	for start < endBefore && start < endAfter && sameElement(before[start], after[start]) {
		pairs = append(pairs, indexPair{start, start})
		start++
	}
	for endBefore > start && endAfter > start && sameElement(before[endBefore-1], after[endAfter-1]) {
		endBefore--
		endAfter--
		tail = append(tail, indexPair{endBefore, endAfter})
	}
	slices.Reverse(tail)
	middleBefore, middleAfter := before[start:endBefore], after[start:endAfter]
	if len(middleBefore) > 0 && len(middleAfter) > 0 {
		for _, pair := range longestCommon(middleBefore, middleAfter) {
			pairs = append(pairs, indexPair{pair.before + start, pair.after + start})
		}
	}
	return append(pairs, tail...)
}

func longestCommon(before, after []any) []indexPair {
	// length[i][j] is the length of the longest common subsequence of before[i:] and after[j:].
	length := make([][]int, len(before)+1)
	for i := range length {
		length[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if sameElement(before[i], after[j]) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var pairs []indexPair
	for i, j := 0, 0; i < len(before) && j < len(after); {
		switch {
		case sameElement(before[i], after[j]):
			pairs = append(pairs, indexPair{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}
