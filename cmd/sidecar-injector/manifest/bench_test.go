package manifest

import (
	"bytes"
	"fmt"
	"testing"
)

// workloads writes so many Deployments of an ordinary size.
func workloads(count int) []byte {
	var out bytes.Buffer
	for i := range count {
		fmt.Fprintf(&out, `---
# Deployment %[1]d of the shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%[1]d
  namespace: shop
  labels: {app: web, part: "%[1]d"}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
      part: "%[1]d"
  template:
    metadata:
      labels:
        app: web
        part: "%[1]d"
      annotations:
        sidecar.istio.io/inject: "true"
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: registry.example.com/shop/web:1.2.%[1]d
        args: ["--port=8080", "--verbose"]
        ports:
        - name: http
          containerPort: 8080
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: LEVEL
          value: info
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits:
            memory: 256Mi
        readinessProbe: # the same port
          httpGet:
            path: /ready
            port: http
          periodSeconds: 5
        volumeMounts:
        - name: config
          mountPath: /etc/web
      volumes:
      - name: config
        configMap:
          name: web-config
`, i)
	}
	return out.Bytes()
}

// BenchmarkParse decodes 1,000 workload documents an iteration.
func BenchmarkParse(b *testing.B) {
	data := workloads(1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		documents, err := Parse("in.yaml", data)
		if err != nil {
			b.Fatal(err)
		}
		if len(documents) != 1000 {
			b.Fatalf("%d documents, want 1000", len(documents))
		}
	}
}
