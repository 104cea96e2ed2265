package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sidecar-injector/sidecar-injector/tests/cluster"
)

// breakConfiguration breaks the ConfigMap: pods are injected as before. Restored, and changed, it is followed.
func breakConfiguration(how func(context.Context, *corev1.ConfigMap) error) func(context.Context, *fleet) error {
	return func(ctx context.Context, r *fleet) error {
		if err := r.setImage(ctx, "before"); err != nil {
			return err
		}
		if err := r.injects(ctx, "before"); err != nil {
			return err
		}
		client := shared.Client.CoreV1().ConfigMaps(rotationRelease)
		good, err := client.Get(ctx, rotationRelease, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := how(ctx, good.DeepCopy()); err != nil {
			return err
		}
		if err := r.keepsInjecting(ctx, "before"); err != nil {
			return errors.Join(err, restore(ctx, good))
		}
		if err := restore(ctx, good); err != nil {
			return err
		}
		return r.followed(ctx)
	}
}

// keepsInjecting checks that both replicas go on with the proxy's image, and stay ready.
func (r *fleet) keepsInjecting(ctx context.Context, want string) error {
	for range 8 * len(r.replicas) {
		image, err := r.proxyImage(ctx)
		if err != nil {
			return err
		}
		if image != want {
			return fmt.Errorf("a pod was given the image %q, want the last good configuration's, %q", image, want)
		}
		time.Sleep(closeInterval)
	}
	for _, replica := range r.replicas {
		if !r.balancer.Ready(replica.name) {
			return fmt.Errorf("%s is not ready", replica.name)
		}
	}
	return nil
}

// restore puts the ConfigMap back, whether it is there or not.
func restore(ctx context.Context, good *corev1.ConfigMap) error {
	client := shared.Client.CoreV1().ConfigMaps(good.Namespace)
	good = good.DeepCopy()
	good.ResourceVersion, good.UID = "", ""
	_, err := client.Update(ctx, good, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, good, metav1.CreateOptions{})
	}
	return err
}
func deleteConfigMap(ctx context.Context, config *corev1.ConfigMap) error {
	return shared.Client.CoreV1().ConfigMaps(config.Namespace).Delete(ctx, config.Name, metav1.DeleteOptions{})
}

func overwriteConfigMap(data map[string]string) func(context.Context, *corev1.ConfigMap) error {
	return func(ctx context.Context, config *corev1.ConfigMap) error {
		config.Data = maps.Clone(data)
		_, err := shared.Client.CoreV1().ConfigMaps(config.Namespace).Update(ctx, config, metav1.UpdateOptions{})
		return err
	}
}

// cutConfigMap keeps the first half of the longest text.
func cutConfigMap(ctx context.Context, config *corev1.ConfigMap) error {
	longest := slices.MaxFunc(slices.Collect(maps.Keys(config.Data)), func(a, b string) int { return len(config.Data[a]) - len(config.Data[b]) })
	config.Data[longest] = config.Data[longest][:len(config.Data[longest])/2] + "\nx: ["
	_, err := shared.Client.CoreV1().ConfigMaps(config.Namespace).Update(ctx, config, metav1.UpdateOptions{})
	return err
}

// setImage changes the proxy's image in the configuration's values.
func (r *fleet) setImage(ctx context.Context, image string) error {
	client := shared.Client.CoreV1().ConfigMaps(rotationRelease)
	config, err := client.Get(ctx, rotationRelease, metav1.GetOptions{})
	if err != nil {
		return err
	}
	config.Data["values"] = fmt.Sprintf("{proxy: {image: %s}}", image)
	_, err = client.Update(ctx, config, metav1.UpdateOptions{})
	return err
}

// followed changes the configuration and waits until both replicas inject by it.
func (r *fleet) followed(ctx context.Context) error {
	image := fmt.Sprintf("proxy-%d", time.Now().UnixMilli())
	if err := r.setImage(ctx, image); err != nil {
		return err
	}
	return r.injects(ctx, image)
}

// injects waits until every one of several pods, and so both replicas, has the proxy's image.
func (r *fleet) injects(ctx context.Context, want string) error {
	return cluster.Eventually(ctx, waitTimeout, func(ctx context.Context) error {
		for range 4 * len(r.replicas) {
			image, err := r.proxyImage(ctx)
			if err != nil {
				return err
			}
			if image != want {
				return fmt.Errorf("a pod was given the image %q, want %q", image, want)
			}
			time.Sleep(closeInterval) // so that the next comes by another connection
		}
		return nil
	})
}

const closeInterval = 200 * time.Millisecond

// proxyImage creates a pod and returns the image of its proxy.
func (r *fleet) proxyImage(ctx context.Context) (image string, err error) {
	var pod *corev1.Pod
	r.load().Do(func() {
		pod, err = shared.Client.CoreV1().Pods(askingNamespace).Create(ctx, newPod(askingNamespace, asks), metav1.CreateOptions{})
	})
	if err != nil {
		return "", err
	}
	for _, container := range pod.Spec.InitContainers {
		if container.Name == proxyName {
			return container.Image, nil
		}
	}
	return "", fmt.Errorf("pod %s has no %s (%s)", pod.Name, proxyName, strings.Join(names(pod.Spec.InitContainers), ", "))
}
