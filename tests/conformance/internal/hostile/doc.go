// Package hostile puts strings that try to break out of a template at places that pods and namespaces control, and looks at the
// structure of the pods that come out.
//
//	Values           the strings                                                    values.go
//	Difference       where two pods have another structure                          structure.go
//	Stage, Place     a profile's webhook, a pod, and the places where a value goes  stage.go
package hostile
