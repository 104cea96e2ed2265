package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/template"

	"k8s.io/utils/lru"

	"github.com/sidecar-injector/sidecar-injector/internal/listmap"
	"github.com/sidecar-injector/sidecar-injector/templates/internal/reads"
)

// Answer is what an injection comes to for the API server.
type Answer struct {
	// Patch is the RFC 6902 patch in JSON, nil if nothing changes. It is shared, and must not be changed.
	Patch []byte
	// Templates are the names of the templates applied, in order, Warnings sentences for the pod's author.
	Templates []string
	Warnings  []string
}

// Answer is Inject for who needs the patch alone. It remembers answers, by everything of the input that they may depend
// on: of the pods of one workload, whose names and other marks of the single pod nothing reads, only the first is
// rendered. The errors are those of Inject, and are not remembered.
func (e *Engine) Answer(input Input) (*Answer, error) {
	unread, remembers := e.unreadIn(input)
	var key [sha256.Size]byte
	var tokens []string
	if remembers {
		key, tokens = unread.key(input)
		if known := e.replicas.get(key, tokens); known != nil {
			return known, nil
		}
	}
	result, err := e.Inject(input)
	if err != nil {
		return nil, err
	}
	answer := &Answer{Templates: result.Templates, Warnings: result.Warnings}
	if result.Patch != nil {
		buffer := buffers.Get().(*[]byte)
		*buffer = result.Patch.AppendJSON((*buffer)[:0])
		answer.Patch = bytes.Clone(*buffer)
		buffers.Put(buffer)
	}
	if remembers {
		e.replicas.add(key, tokens, answer)
	}
	return answer, nil
}

const (
	// maxReplicated is how many answers an engine remembers, about one for each workload whose pods are created at the same
	// time, and maxRemembered is how many bytes a patch may have to be remembered.
	maxReplicated = 256
	maxRemembered = 64 << 10
)

// tokenPrefix begins the names of the volumes that the API server's plug-in ServiceAccount adds before it calls webhooks;
// five random characters follow.
const tokenPrefix = "kube-api-access-"

// replicas remembers answers. It is safe for concurrent use.
type replicas struct {
	answers *lru.Cache // [sha256.Size]byte → *remembered
}

// remembered is an answer, and the names of token volumes that it holds, or nil.
type remembered struct {
	answer *Answer
	tokens []string
}

// unread says what no template and no hook reads of what differs between the pods of one workload.
type unread struct {
	// metadata has a bit for each of madeUp.
	metadata uint
	// owners are the UIDs of the pod's owners, tokens the names of token volumes, namespace what is no part of a key.
	owners, tokens, namespace bool
}

// madeUp are the fields of metadata that an API server or a controller makes up for each pod.
var madeUp = []struct{ key, field string }{
	{"name", "Name"}, {"uid", "UID"}, {"resourceVersion", "ResourceVersion"}, {"generation", "Generation"},
	{"creationTimestamp", "CreationTimestamp"}, {"managedFields", "ManagedFields"}, {"selfLink", "SelfLink"},
}

// unreadBy finds it for a template.
func unreadBy(template *template.Template, text string, hooks *Hooks) unread {
	read := reads.Of(template, hooks.modelType(), hooks.functionReads())
	touched := func(path string) bool { return slices.Contains(hooks.Reads, path) || read.Touches(path) }
	u := unread{namespace: true}
	for i, of := range madeUp {
		if !touched("ObjectMeta/"+of.field) && (of.field != "Name" || !touched("Owner")) {
			u.metadata |= 1 << i
		}
		u.namespace = u.namespace && (of.field == "Name" || !touched("Namespace/"+of.field))
	}
	u.owners = !touched("ObjectMeta/OwnerReferences/*/UID") && !strings.Contains(text, "ownerReferences")
	u.tokens = !touched("Spec/Volumes/*/Name") && !strings.Contains(text, tokenPrefix)
	for _, list := range []string{"Containers", "InitContainers", "EphemeralContainers"} {
		u.tokens = u.tokens && !touched("Spec/"+list+"/*/VolumeMounts/*/Name")
	}
	return u
}

// unreadIn returns what none of the templates reads that are applied to a pod; ok is false if an answer may depend on
// what is no part of the key.
func (e *Engine) unreadIn(input Input) (u unread, ok bool) {
	annotations := map[string]string{}
	key := e.profile.Keys.Templates
	if value, set := Pod(input.Pod).Annotation(key); set {
		annotations[key] = value
	}
	chosen, err := e.choose(e.inherit(annotations, input.Namespace.Annotations))
	if err != nil {
		return u, false
	}
	u = chosen[0].unread
	for _, c := range chosen[1:] {
		u = unread{u.metadata & c.unread.metadata, u.owners && c.unread.owners, u.tokens && c.unread.tokens, u.namespace && c.unread.namespace}
	}
	return u, u.namespace
}

// modelType is the type of what templates see.
func (h *Hooks) modelType() reflect.Type {
	if h.Model == nil {
		return reflect.TypeFor[*Data]()
	}
	return h.Models
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// key identifies everything of an input that its answer may depend on, but for the names of token volumes, which it
// returns.
func (u unread) key(input Input) (key [sha256.Size]byte, tokens []string) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	all := listmap.AppendJSON((*buffer)[:0], u.masked(input.Pod))
	if u.tokens {
		for _, volume := range Pod(input.Pod).In("volumes") {
			if name := nameOf(volume); strings.HasPrefix(name, tokenPrefix) && isPlain(name) {
				tokens = append(tokens, name)
				maskToken(all, name)
			}
		}
	}
	all = appendText(all, input.Namespace.Name)
	all = appendTexts(all, input.Namespace.Labels)
	all = appendTexts(all, input.Namespace.Annotations)
	all = appendTexts(all, input.Path)
	*buffer = all
	return sha256.Sum256(all), tokens
}

// masked returns a pod in which is left of what may differ between replicas only that it is there.
func (u unread) masked(pod Pod) map[string]any {
	metadata, ok := pod["metadata"].(map[string]any)
	if !ok {
		return pod
	}
	metadata = maps.Clone(metadata)
	for i, of := range madeUp {
		if value, there := metadata[of.key]; there && u.metadata&(1<<i) != 0 {
			metadata[of.key] = value != nil && value != ""
		}
	}
	if owners, ok := metadata["ownerReferences"].([]any); ok && u.owners {
		owners = slices.Clone(owners)
		for i, element := range owners {
			if owner, ok := element.(map[string]any); ok {
				owner = maps.Clone(owner)
				owner["uid"] = true
				owners[i] = owner
			}
		}
		metadata["ownerReferences"] = owners
	}
	masked := maps.Clone(pod)
	masked["metadata"] = metadata
	return masked
}

// isPlain says that a text stands in JSON as it is.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' })
}

// maskToken overwrites the random end of a token volume's name wherever the name is a whole string of the JSON.
func maskToken(all []byte, name string) {
	quoted := []byte(`"` + name + `"`)
	for rest := all; ; {
		at := bytes.Index(rest, quoted)
		if at < 0 {
			return
		}
		random := rest[at+1+len(tokenPrefix) : at+1+len(name)]
		for i := range random {
			random[i] = '*'
		}
		rest = rest[at+len(quoted):]
	}
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func appendTexts(dst []byte, texts map[string]string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(texts)))
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		dst = appendText(appendText(dst, key), texts[key])
	}
	return dst
}

func (r *replicas) get(key [sha256.Size]byte, tokens []string) *Answer {
	known, _ := r.answers.Get(key)
	found, ok := known.(*remembered)
	if !ok || found.tokens != nil && !slices.Equal(found.tokens, tokens) {
		return nil
	}
	return found.answer
}

// add remembers an answer. One in which the name of a token volume stands is no other pod's.
func (r *replicas) add(key [sha256.Size]byte, tokens []string, answer *Answer) {
	if len(answer.Patch) > maxRemembered {
		return
	}
	holds := func(token string) bool {
		return bytes.Contains(answer.Patch, []byte(token)) ||
			slices.ContainsFunc(answer.Warnings, func(w string) bool { return strings.Contains(w, token) })
	}
	entry := &remembered{answer: answer}
	if slices.ContainsFunc(tokens, holds) {
		entry.tokens = tokens
	}
	r.answers.Add(key, entry)
}
