package reference

// Exception is a difference between the mesh's pod and ours that is meant to be. One that is not used fails the test.
type Exception struct {
	// Name says what differs, and why.
	Name string
	// Outcome says that a case may come out so (injected, skipped or refused, with the message of a refusal).
	Outcome func(one *Case, outcome, message string) bool
	// Pod makes the two pods equal in what may differ, and says whether it did.
	Pod func(mesh, ours map[string]any) bool

	used int
}
