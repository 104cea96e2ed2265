{{/* The seconds of a Go duration such as 1h30m, as a number. */}}
{{- define "sidecar-injector.seconds" -}}
{{- $seconds := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ns|us|ms|s|m|h)" . -1 -}}
  {{- $unit := regexFind "[a-z]+" . -}}
  {{- $seconds = addf $seconds (mulf (trimSuffix $unit . | float64) (get (dict "ns" 1e-9 "us" 1e-6 "ms" 1e-3 "s" 1.0 "m" 60.0 "h" 3600.0) $unit)) -}}
{{- end -}}
{{- $seconds -}}
{{- end -}}

{{/* The replicas that there are at least. */}}
{{- define "sidecar-injector.leastReplicas" -}}
{{ ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled }}
{{- end -}}

{{/* Fails where values do not fit each other, which the schema cannot say. */}}
{{- define "sidecar-injector.check" -}}
{{- with .Values.certificate -}}
  {{- $life := include "sidecar-injector.seconds" .duration | float64 -}}
  {{- if ge (include "sidecar-injector.seconds" .renewBefore | float64) $life -}}
    {{- fail (printf "certificate.renewBefore %s is not allowed, want less than certificate.duration %s" .renewBefore .duration) -}}
  {{- end -}}
  {{- if not .issuerRef.name -}}
    {{- $renewal := include "sidecar-injector.seconds" .ca.renewBefore | float64 -}}
    {{- if le $renewal $life -}}
      {{- fail (printf "certificate.ca.renewBefore %s is not allowed, want more than certificate.duration %s: no serving certificate may outlive its CA" .ca.renewBefore .duration) -}}
    {{- end -}}
    {{- if ge $renewal (include "sidecar-injector.seconds" .ca.duration | float64) -}}
      {{- fail (printf "certificate.ca.renewBefore %s is not allowed, want less than certificate.ca.duration %s" .ca.renewBefore .ca.duration) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $taken := dict -}}
{{- range $name, $port := .Values.ports -}}
  {{- with get $taken (toString $port) -}}
    {{- fail (printf "ports.%s %v is not allowed, want another port than ports.%s" $name $port .) -}}
  {{- end -}}
  {{- $_ := set $taken (toString $port) $name -}}
{{- end -}}
{{- if and .Values.hostNetwork (hasKey $taken "10250") -}}
  {{- fail (printf "ports.%s 10250 is not allowed with hostNetwork, want another port: the kubelet has it" (get $taken "10250")) -}}
{{- end -}}
{{- with .Values.autoscaling -}}
  {{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
    {{- fail (printf "autoscaling.minReplicas %v is not allowed, want at most autoscaling.maxReplicas %v" .minReplicas .maxReplicas) -}}
  {{- end -}}
{{- end -}}
{{- range .Values.webhook.matchConditions -}}
  {{- if has .name (list "asked" "not-opted-out" "says-nothing" "revision" "no-mirror-pod" "no-windows-pod" "no-host-network-unless-asked") -}}
    {{- fail (printf "webhook.matchConditions: the name %q is not allowed, want one that the chart's own conditions do not have" .name) -}}
  {{- end -}}
{{- end -}}
{{- range $key, $value := .Values.commonLabels -}}
  {{- /* With istio.io/rev istiod would take the webhook configuration for its own. */ -}}
  {{- $own := concat (list "istio.io/rev" "helm.sh/chart" (include "sidecar-injector.podKey" $)) (keys $.Values.podLabels) -}}
  {{- if or (has $key $own) (regexMatch "^app\\.kubernetes\\.io/(name|instance|version|managed-by)$" $key) -}}
    {{- fail (printf "commonLabels: the label %q is not allowed, want one that the chart and podLabels do not set" $key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
