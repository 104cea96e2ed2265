package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Record is what the status annotation of an injected pod says for people and for audits.
type Record struct {
	// Revision is the name of the injector.
	Revision string `json:"revision,omitempty"`
	// Templates were applied, in this order.
	Templates []string `json:"templates"`
	// Containers are those that the templates injected, sorted.
	Containers []string `json:"containers"`
	// Hash tells what the templates rendered: of their names and of the specs that they made. It is the same for all pods
	// that templates, values and annotations make the same of, and empty in pods of a version that recorded none. What
	// templates make of labels and annotations is no part of it: they see those of an earlier injection, and may not set
	// them again.
	Hash string `json:"hash,omitempty"`
}

// hashSize is the length in bytes of a Hash: an accidental match is a 1 in 2^48 event.
const hashSize = 6

func (r *rendering) hash() string {
	all := sha256.New()
	for i, o := range r.overlays {
		all.Write([]byte(r.templates[i] + "\x00"))
		all.Write(o.sum[:])
	}
	return hex.EncodeToString(all.Sum(nil)[:hashSize])
}

// RecordOf returns what a pod's status annotation says of the engine's work; ok is false if there is none, or if none of
// the containers that it lists is there. Anybody who creates a pod can write the annotation.
func (e *Engine) RecordOf(pod map[string]any) (record Record, ok bool) {
	annotation, _ := Pod(pod).Annotation(e.profile.Keys.Status)
	return readStatus(annotation).record(pod)
}

// record is RecordOf for the pod that has the status.
func (s status) record(pod map[string]any) (record Record, ok bool) {
	record = Record{Revision: s.Revision, Templates: s.Templates, Hash: s.Hash}
	for _, name := range s.names() {
		if container, _ := Pod(pod).Find(name); container != nil {
			record.Containers = append(record.Containers, name)
		}
	}
	return record, len(record.Containers) > 0
}

// Rendered is what templates make for a pod.
type Rendered struct {
	Record
	// Images are those of the injected containers, by name, as the templates name them. Of a pod that was injected, those
	// that it was given then are left out that its author had overridden.
	Images map[string]string
}

// Render renders the templates for a pod, injected already or not, and merges nothing. Its Record is what Inject would
// write down. The errors are those of Inject.
func (e *Engine) Render(input Input) (*Rendered, error) {
	before, r, err := e.renderFor(input)
	if err != nil {
		return nil, err
	}
	made := &Rendered{Record: Record{Revision: e.revision, Templates: r.templates, Containers: slices.Sorted(slices.Values(r.containers)), Hash: r.hash()}, Images: map[string]string{}}
	for _, o := range r.overlays {
		for _, container := range Pod(o.pod).All() {
			image, ok := container["image"].(string)
			if name := nameOf(container); ok && !before.overridden(name, image) {
				made.Images[name] = image
			}
		}
	}
	return made, nil
}

// overridden says that a container was injected, and that this image of the templates was not what it was given.
func (s status) overridden(name, image string) bool {
	owned, injected := s.of(Containers, name)
	var path ownedPath
	path.enter("image")
	return injected && !owned.has(path.hash(containerType.Field("image"), image))
}
