package webhook_test

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/webhook"
)

// Whether pods would be injected, and why.
func ExampleDecide() {
	config, err := webhook.Parse([]byte("neverInjectSelector: [{matchLabels: {batch: nightly}}]"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop := webhook.Namespace{Name: "shop", OptedIn: true}
	for _, meta := range []metav1.ObjectMeta{
		{},
		{Annotations: map[string]string{"sidecar.istio.io/inject": "false"}},
		{Labels: map[string]string{"batch": "nightly"}},
	} {
		decision := webhook.Decide(&corev1.Pod{ObjectMeta: meta}, shop, config.Policy())
		fmt.Printf("%t %s: %s\n", decision.Inject, decision.Reason, decision.Detail)
	}
	// Output:
	// true namespace_opted_in: the namespace "shop" opted in by its label istio-injection=enabled
	// false opted_out_by_annotation: the pod's annotation sidecar.istio.io/inject is "false"
	// false never_inject_selector: the pod's labels match neverInjectSelector
}

// What is wrong in a configuration, as data.
func ExampleConfigError() {
	_, err := webhook.Parse([]byte("policy: enabled\nonEror: deny"), nil)
	if wrong, ok := errors.AsType[*webhook.ConfigError](err); ok {
		fmt.Printf("%s, line %d, field %s: perhaps %s\n", wrong.Source, wrong.Line, wrong.Path, wrong.Suggestion)
	}
	// Output:
	// config, line 2, field onEror: perhaps onError
}
