// Package listmap is what the program knows of the lists and values of a decoded pod: which element of a list is which, when
// two values mean the same, and which elements of a list are those of another.
//
//	Key, KeyFields     what identifies an element: the keys of server-side apply where the Pod type has them
//	Equal              equality by meaning: what the API server makes equal is equal
//	Absent, Dropped    fields that mean no more than if they were absent
//	AppendCanonical    one JSON text for all values that mean the same
//	AppendJSON         the JSON text of a value as it stands
//	Pair, Match        the elements of a list that stand in another too, in order or anywhere
//
// Values are those that the JSON decoder of apimachinery makes: map[string]any, []any, string, bool, int64, float64 and nil.
// Nothing is changed, and everything may be called by any number of goroutines. The type is always that of the value that
// stands beside it, for Key, Pair and Match that of the list; nil stands for an unknown one.
package listmap
