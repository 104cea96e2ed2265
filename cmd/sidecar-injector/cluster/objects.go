package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"
)

// Objects reads the objects that arguments name as kubectl reads them: TYPE, TYPE NAME..., TYPE/NAME..., with the
// namespace, -A and -l of the flags. Lists come as their items. An error names what was not found.
func (c *Cluster) Objects(arguments []string) ([]*unstructured.Unstructured, error) {
	builder := resource.NewBuilder(c.flags.kube).
		Unstructured().
		NamespaceParam(c.Namespace).DefaultNamespace().AllNamespaces(c.flags.AllNamespaces).
		LabelSelectorParam(c.flags.Selector).
		RequestChunksOf(500).
		ResourceTypeOrNameArgs(true, arguments...).
		ContinueOnError().
		Latest().
		Flatten()
	infos, err := builder.Do().Infos()
	if err != nil {
		return nil, err
	}
	objects := make([]*unstructured.Unstructured, 0, len(infos))
	for _, info := range infos {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok {
			return nil, fmt.Errorf("read %s: got %T", info.ObjectName(), info.Object)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
