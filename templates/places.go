package templates

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// places says where in the pod its author's containers stood that were merged with injected ones, by name, in the form
// list/index. Injection moves them, and templates may depend on where they are.
type places map[string]string

// placesOf returns the places of the pod's containers that have the name of an injected one.
func placesOf(pod Pod, lists map[string]string) places {
	found := places{}
	for _, list := range containerLists {
		for i, container := range pod.In(list) {
			if name := nameOf(container); lists[name] != "" {
				found[name] = fmt.Sprintf("%s/%d", list, i)
			}
		}
	}
	return found
}

// lostIn returns the places that are others in the pod, or not there; nil if there are none.
func (p places) lostIn(pod Pod) places {
	is := placesOf(pod, p)
	var lost places
	for name, place := range p {
		if is[name] != place {
			if lost == nil {
				lost = places{}
			}
			lost[name] = place
		}
	}
	return lost
}

// restore puts the containers back, those that are claimed to be injected. One of which nothing is left was there by
// name alone. It changes the pod.
func (p places) restore(pod Pod, claimed []string) {
	type target struct {
		list  string
		index int
		name  string
	}
	var targets []target
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list, index, _ := strings.Cut(p[name], "/")
		i, err := strconv.ParseUint(index, 10, 16)
		if err == nil && slices.Contains(claimed, name) && slices.Contains(containerLists, list) {
			targets = append(targets, target{list, int(i), name})
		}
	}
	slices.SortStableFunc(targets, func(a, b target) int { return cmp.Compare(a.index, b.index) })
	put := make([]map[string]any, len(targets))
	for i, t := range targets {
		container, list := pod.Find(t.name)
		if container == nil {
			container = map[string]any{"name": t.name}
		} else {
			pod.Replace(list, slices.DeleteFunc(pod.In(list), func(c map[string]any) bool { return nameOf(c) == t.name }))
		}
		put[i] = container
	}
	for i, t := range targets {
		all := pod.In(t.list)
		pod.Replace(t.list, slices.Insert(all, min(t.index, len(all)), put[i]))
	}
}
