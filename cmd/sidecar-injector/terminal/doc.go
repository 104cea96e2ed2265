// Package terminal is what commands do differently when a person looks on: colours, and a bar or a line while
// they wait.
//
//	Writer     text that cannot do anything to a terminal           escape.go
//	SafeText   what of a document may not come out as it is         unsafe.go
//	Styles     colours, where there is a terminal that has them     styles.go
//	Wrap       lines that end between words                         wrap.go
//	Progress   a bar on standard error, after a second              progress.go
//	Status     a line that says how far something is                status.go
package terminal
