package templates

import "fmt"

// maxAnnotations is how many bytes the API server takes of a pod's annotations together, keys and values.
const maxAnnotations = 256 << 10

// checkAnnotationSize: the annotations together, those of the injector included, are not too many.
func checkAnnotationSize(s *subject, pod Pod) *violation {
	size := annotationSize(pod)
	if size <= maxAnnotations {
		return nil
	}
	return &violation{field: "metadata.annotations", problem: fmt.Sprintf("they have %d bytes together, %d of them the injector's: want at most %d", size, size-annotationSize(s.before()), maxAnnotations)}
}

func annotationSize(pod Pod) int {
	size := 0
	for key, value := range asObject(valueAt(pod, "metadata.annotations")) {
		text, _ := value.(string)
		size += len(key) + len(text)
	}
	return size
}
