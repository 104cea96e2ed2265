// Package strictyaml reads YAML, or JSON, that people write, and refuses what would otherwise be dropped in silence: a key
// that stands twice, a second document, a field that is not known.
//
//	ToJSON, Object   a text, as JSON or as a map                  json.go
//	Read             a text, into a struct                        read.go
//	CheckAliases     what aliases stand for is bounded            aliases.go
//	Error            what is wrong, by field and line             error.go
//	Find, Line       where a field stands                         place.go
package strictyaml
