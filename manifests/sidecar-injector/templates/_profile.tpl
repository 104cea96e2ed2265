{{/*
What the profile says of pods and namespaces that ask: its keys and its trigger, as YAML. Those of built-in profiles
are generated from them (make manifests).
*/}}
{{- define "sidecar-injector.profile" -}}
{{- if .Values.profile -}}
  {{- get .Values.profile "profile.yaml" | required "profile has no profile.yaml, which describes a profile" -}}
{{- else -}}
  {{- $name := .Values.config.profile | default "envoy" -}}
  {{- $known := .Files.Get "profiles.yaml" | fromYaml -}}
  {{- if not (hasKey $known $name) -}}
    {{- fail (printf "config.profile %q is not known, want one of %s, or an own one in profile" $name (keys $known | sortAlpha | join ", ")) -}}
  {{- end -}}
  {{- get $known $name | toYaml -}}
{{- end -}}
{{- end -}}

{{/* The label or annotation by which a pod speaks for itself, and the label of a namespace. */}}
{{- define "sidecar-injector.podKey" -}}{{ (include "sidecar-injector.profile" . | fromYaml).keys.inject }}{{- end -}}
{{- define "sidecar-injector.namespaceLabel" -}}
{{- $keys := (include "sidecar-injector.profile" . | fromYaml).keys -}}
{{- .Values.config.namespaceLabel | default (printf "%s=%s" $keys.namespaceLabel $keys.namespaceLabelValue) -}}
{{- end -}}
{{- define "sidecar-injector.namespaceLabelKey" -}}{{ include "sidecar-injector.namespaceLabel" . | splitList "=" | first }}{{- end -}}
{{- define "sidecar-injector.namespaceLabelValue" -}}{{ include "sidecar-injector.namespaceLabel" . | splitList "=" | last }}{{- end -}}

{{/*
The label by which pods and namespaces name one of several injectors, empty for none, the names of this one, as JSON, and
in CEL that a pod has the label, and that it has one of the names.
*/}}
{{- define "sidecar-injector.revisionKey" -}}{{ (include "sidecar-injector.profile" . | fromYaml).keys.revision | default "" }}{{- end -}}
{{- define "sidecar-injector.revisions" -}}
{{- prepend (.Values.config.revisionTags | default list) (.Values.config.revision | default "default") | uniq | toJson -}}
{{- end -}}
{{- define "sidecar-injector.revisionThere" -}}
has(object.metadata.labels) && '{{ include "sidecar-injector.revisionKey" . }}' in object.metadata.labels
{{- end -}}
{{- define "sidecar-injector.revisionIn" -}}
{{- $value := printf "object.metadata.labels['%s']" (include "sidecar-injector.revisionKey" .) -}}
{{- include "sidecar-injector.in" (dict "value" $value "words" (include "sidecar-injector.revisions" . | fromJsonArray)) -}}
{{- end -}}

{{/* What this injector takes: the key by which pods ask, and its names, as KEY NAME NAME …. */}}
{{- define "sidecar-injector.claims" -}}
{{- prepend (include "sidecar-injector.revisions" . | fromJsonArray) (include "sidecar-injector.podKey" .) | join " " -}}
{{- end -}}

{{/*
Fails while another release takes the same pods: those that ask by the same key, where both have one name. Which of the
two injects a pod would depend on the order in which the API server calls them.
*/}}
{{- define "sidecar-injector.refuseTwins" -}}
{{- if not .Values.allowOverlap -}}
  {{- $ours := include "sidecar-injector.claims" . | splitList " " -}}
  {{- range (lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" "").items -}}
    {{- $theirs := get (.metadata.annotations | default dict) "sidecar-injector.github.io/claims" | splitList " " -}}
    {{- if and (ne .metadata.name (include "sidecar-injector.name" $)) (eq (first $theirs) (first $ours)) -}}
      {{- range rest $theirs -}}
        {{- if has . (rest $ours) -}}
          {{- fail (printf "the injector %q has the name %q too, for pods that ask by %s: give this one another config.revision (docs/operations.md), or set allowOverlap" $.Release.Name . (first $ours)) -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The ConfigMaps from which the profile takes values, by namespace, as YAML. */}}
{{- define "sidecar-injector.sources" -}}
{{- $byNamespace := dict -}}
{{- if .Values.sources.enabled -}}
  {{- range (include "sidecar-injector.profile" . | fromYaml).sources -}}
    {{- $namespace := $.Values.sources.namespace | default .namespace -}}
    {{- $_ := set $byNamespace $namespace (append (get $byNamespace $namespace | default list) .configMap | uniq) -}}
  {{- end -}}
{{- end -}}
{{- toYaml $byNamespace -}}
{{- end -}}

{{/* The words of the trigger that refuse injection, and those that say nothing, as JSON. */}}
{{- define "sidecar-injector.refusals" -}}
{{- $trigger := (include "sidecar-injector.profile" . | fromYaml).trigger | default dict -}}
{{- $booleans := list "0" "f" "F" "false" "FALSE" "False" -}}
{{- ternary $booleans ($trigger.skip | default (list "false")) (default false $trigger.booleans) | toJson -}}
{{- end -}}
{{- define "sidecar-injector.word" -}}
{{- first (((include "sidecar-injector.profile" . | fromYaml).trigger | default dict).inject | default (list "true")) -}}
{{- end -}}
{{- define "sidecar-injector.ignored" -}}
{{- ((include "sidecar-injector.profile" . | fromYaml).trigger | default dict).ignore | default list | toJson -}}
{{- end -}}
{{- define "sidecar-injector.places" -}}
{{- ((include "sidecar-injector.profile" . | fromYaml).trigger | default dict).pod | default (list "label" "annotation") | toJson -}}
{{- end -}}

{{/* CEL: a value is one of some words, or not. A dict of value and words. */}}
{{- define "sidecar-injector.in" -}}
{{- if eq (len .words) 1 }}{{ .value }} == '{{ first .words }}'{{ else }}{{ .value }} in ['{{ join "', '" .words }}']{{ end -}}
{{- end -}}
{{- define "sidecar-injector.notIn" -}}
{{- if eq (len .words) 1 }}{{ .value }} != '{{ first .words }}'{{ else }}!({{ .value }} in ['{{ join "', '" .words }}']){{ end -}}
{{- end -}}

{{/* CEL: there is the key at a place, and its value. A dict of root and place. */}}
{{- define "sidecar-injector.there" -}}
has(object.metadata.{{ .place }}s) && '{{ include "sidecar-injector.podKey" .root }}' in object.metadata.{{ .place }}s
{{- end -}}
{{- define "sidecar-injector.value" -}}
object.metadata.{{ .place }}s['{{ include "sidecar-injector.podKey" .root }}']
{{- end -}}

{{/*
CEL expressions over one pod. An expression that fails to evaluate refuses the pod under failurePolicy Fail, so each
looks with has() before it reads. The first place at which a pod says something counts. The program makes the same
of a trigger (templates.Trigger.Conditions), for what it says offline.
*/}}

{{/* The pod asks for itself. */}}
{{- define "sidecar-injector.asks" -}}
{{- $root := . -}}
{{- $words := concat (include "sidecar-injector.refusals" . | fromJsonArray) (include "sidecar-injector.ignored" . | fromJsonArray) -}}
{{- $places := include "sidecar-injector.places" . | fromJsonArray -}}
{{- range $i, $place := $places -}}
  {{- $at := dict "root" $root "place" $place -}}
  {{- include "sidecar-injector.there" $at -}}
  {{- ternary " && " " ? " (eq $i (sub (len $places) 1 | int)) -}}
  {{- include "sidecar-injector.notIn" (dict "value" (include "sidecar-injector.value" $at) "words" $words) -}}
  {{- if lt $i (sub (len $places) 1 | int) }} : {{ end -}}
{{- end -}}
{{- end -}}

{{/* The pod did not opt out: the same precedence, with "yes" where it says nothing. */}}
{{- define "sidecar-injector.notOptedOut" -}}
{{- $root := . -}}
{{- $words := include "sidecar-injector.refusals" . | fromJsonArray -}}
{{- $places := include "sidecar-injector.places" . | fromJsonArray -}}
{{- range $i, $place := $places -}}
  {{- $at := dict "root" $root "place" $place -}}
  {{- $of := dict "value" (include "sidecar-injector.value" $at) "words" $words -}}
  {{- if eq $i (sub (len $places) 1 | int) -}}
    !({{ include "sidecar-injector.there" $at }} && {{ include "sidecar-injector.in" $of }})
  {{- else -}}
    {{ include "sidecar-injector.there" $at }} ? {{ include "sidecar-injector.notIn" $of }} :{{ " " }}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The pod says nothing. */}}
{{- define "sidecar-injector.silent" -}}
{{- $root := . -}}
{{- $words := include "sidecar-injector.ignored" . | fromJsonArray -}}
{{- $places := include "sidecar-injector.places" . | fromJsonArray -}}
{{- range $i, $place := $places -}}
  {{- $at := dict "root" $root "place" $place -}}
  {{- $of := dict "value" (include "sidecar-injector.value" $at) "words" $words -}}
  {{- if eq $i (sub (len $places) 1 | int) -}}
    !({{ include "sidecar-injector.there" $at }}){{ if $words }} || {{ include "sidecar-injector.in" $of }}{{ end }}
  {{- else if $words -}}
    {{ include "sidecar-injector.there" $at }} ? {{ include "sidecar-injector.in" $of }} :{{ " " }}
  {{- else -}}
    !({{ include "sidecar-injector.there" $at }}) &&{{ " " }}
  {{- end -}}
{{- end -}}
{{- end -}}
