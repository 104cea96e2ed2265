package preview

// RefusedError says that a pod would be refused.
type RefusedError struct {
	// Why is what its author would read.
	Why string
}

func (e *RefusedError) Error() string { return "the pod would be refused: " + e.Why }
