package valid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install" // registers the types, defaults and conversions of v1
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/plugin/pkg/admission/defaulttolerationseconds"
	"k8s.io/kubernetes/plugin/pkg/admission/priority"
	"k8s.io/kubernetes/plugin/pkg/admission/serviceaccount"

	"github.com/sidecar-injector/sidecar-injector/tests/valid/pods"
)

// apiServer does to a pod what kube-apiserver does on its creation, with its own code and its default feature gates. It is
// safe for concurrent use.
type apiServer struct {
	// plugins are the admission plug-ins that change every pod, in the order in which they are asked.
	plugins []admission.MutationInterface
	decoder runtime.Decoder
	encoder runtime.Encoder
}

func newAPIServer() (*apiServer, error) {
	factory := informers.NewSharedInformerFactory(nil, 0)
	accounts := factory.Core().V1().ServiceAccounts().Informer().GetIndexer()
	for _, name := range []string{"default", "robot"} {
		if err := accounts.Add(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: pods.Namespace, Name: name}}); err != nil {
			return nil, err
		}
	}
	ready := func() bool { return true }
	account := serviceaccount.NewServiceAccount()
	account.MountServiceAccountToken = true
	account.SetExternalKubeInformerFactory(factory)
	account.SetReadyFunc(ready)
	class := priority.NewPlugin()
	class.SetExternalKubeInformerFactory(factory)
	class.SetReadyFunc(ready)
	toleration := defaulttolerationseconds.NewDefaultTolerationSeconds()
	toleration.InspectFeatureGates(utilfeature.DefaultFeatureGate) // makes its tolerations
	return &apiServer{
		plugins: []admission.MutationInterface{account, class, toleration},
		decoder: legacyscheme.Codecs.UniversalDecoder(),
		encoder: legacyscheme.Codecs.LegacyCodec(corev1.SchemeGroupVersion),
	}, nil
}

// receive decodes a pod, fills in defaults, and runs the plug-ins ServiceAccount, Priority and DefaultTolerationSeconds.
// Others that are on by default change nothing where no other object asks for it.
func (s *apiServer) receive(raw []byte) (*core.Pod, error) {
	decoded, err := runtime.Decode(s.decoder, raw)
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	received, ok := decoded.(*core.Pod)
	if !ok {
		return nil, fmt.Errorf("decode: got %T", decoded)
	}
	received.Namespace = pods.Namespace // that of the request
	attributes := admission.NewAttributesRecord(received, nil, core.SchemeGroupVersion.WithKind("Pod"), pods.Namespace, received.Name,
		core.SchemeGroupVersion.WithResource("pods"), "", admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{})
	for _, plugin := range s.plugins {
		if err := plugin.Admit(context.Background(), attributes, nil); err != nil {
			return nil, fmt.Errorf("admit: %w", err)
		}
	}
	return received, nil
}

// send encodes a pod as webhooks get it.
func (s *apiServer) send(p *core.Pod) ([]byte, error) { return runtime.Encode(s.encoder, p) }

// tokenSuffix is that of the token's volume, which is random in an API server.
const tokenSuffix = "kube-api-access-"

// received is receive and send, with one name for the token's volume, so that pods can be compared.
func (s *apiServer) received(raw []byte) ([]byte, error) {
	p, err := s.receive(raw)
	if err != nil {
		return nil, err
	}
	return s.sendNamed(p)
}

func (s *apiServer) sendNamed(p *core.Pod) ([]byte, error) {
	sent, err := s.send(p)
	if err != nil {
		return nil, err
	}
	for _, volume := range p.Spec.Volumes {
		if rest, ok := strings.CutPrefix(volume.Name, tokenSuffix); ok && rest != "token" {
			return []byte(strings.ReplaceAll(string(sent), volume.Name, tokenSuffix+"token")), nil
		}
	}
	return sent, nil
}

// validate says what the API server's strategy for pods finds wrong, nil if it would create the pod.
func (s *apiServer) validate(p *core.Pod) error {
	p = p.DeepCopy()
	p.UID, p.CreationTimestamp = "5f0c6a1e-0000-4000-8000-000000000000", metav1.NewTime(time.Unix(1_700_000_000, 0))
	if p.Name == "" && p.GenerateName != "" {
		p.Name = p.GenerateName + "abcde"
	}
	ctx := genericapirequest.WithNamespace(context.Background(), pods.Namespace)
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{APIVersion: "v1", Resource: "pods", Verb: "create", Namespace: pods.Namespace})
	return rest.BeforeCreate(pod.Strategy, ctx, p)
}

// judge is the pods.Judge of this API server. What cannot be decoded or admitted is an error.
func (s *apiServer) judge(raw map[string]any) ([]string, error) {
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	p, err := s.receive(text)
	if err != nil {
		return nil, err
	}
	var fields []string
	err = s.validate(p)
	if err == nil {
		return nil, nil
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil || len(status.ErrStatus.Details.Causes) == 0 {
		return nil, err
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		fields = append(fields, cause.Field)
	}
	return fields, nil
}

// tree decodes JSON as the engine does.
func tree(raw []byte) (map[string]any, error) {
	var object map[string]any
	if err := utiljson.Unmarshal(raw, &object); err != nil {
		return nil, err
	}
	return object, nil
}
