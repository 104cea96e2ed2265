// Package podtype says what the Pod type of the Kubernetes API says of each field: its kind, what identifies the elements
// of its list, how a strategic merge patch treats it, which fields exclude it, and the value that the API server fills in.
//
// Everything is made once of corev1.Pod: by reflection and from struct tags where the Go type says it, else from the small
// tables in tables.go. Walking a decoded pod, a caller walks the types beside it:
//
//	t := podtype.Pod().Field("spec").Field("containers") // a list, with the keys ["name"]
//	t.Elem().Field("image")                               // a string
//
// A nil *Type is valid everywhere. It stands for a field that this version of the API does not know, which is plain JSON.
package podtype
