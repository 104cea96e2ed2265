package installed

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestEachPage: pages come one after the other, none leaves anything behind in the next, and the last ends it. One that is
// asked for too late is asked for again, as the API server says.
func TestEachPage(t *testing.T) {
	pages := []corev1.NamespaceList{
		{ListMeta: metav1.ListMeta{Continue: "second"}, Items: []corev1.Namespace{
			{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"of": "a"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "b", Annotations: map[string]string{"of": "b"}}}}},
		{ListMeta: metav1.ListMeta{Continue: "third"}, Items: []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "c"}}}},
		{Items: []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "d"}}, {ObjectMeta: metav1.ObjectMeta{Name: "e"}}}},
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := []string{"", "second", "late", "third"}[asked]; r.URL.Query().Get("continue") != want || r.URL.Query().Get("limit") != "500" {
			t.Errorf("question %d is %s", asked, r.URL)
		}
		asked++
		w.Header().Set("Content-Type", "application/json")
		if asked == 2 {
			expired := apierrors.NewResourceExpired("the continue parameter is too old").ErrStatus
			expired.APIVersion, expired.Kind, expired.Continue = "v1", "Status", "late"
			w.WriteHeader(int(expired.Code))
			if err := json.NewEncoder(w).Encode(expired); err != nil {
				t.Error(err)
			}
			return
		}
		page := pages[max(0, asked-2)]
		page.APIVersion, page.Kind = "v1", "NamespaceList"
		if err := json.NewEncoder(w).Encode(page); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Namespace{}, &corev1.NamespaceList{})
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), meta.RESTScopeRoot)
	reader, err := client.New(&rest.Config{Host: server.URL}, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Namespaces(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	var want []metav1.ObjectMeta
	for _, page := range pages {
		for i := range page.Items {
			want = append(want, page.Items[i].ObjectMeta)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || asked != 4 {
		t.Errorf("asked %d times, want 4; namespaces (-want +got):\n%s", asked, diff)
	}
}
