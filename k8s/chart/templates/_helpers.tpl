{{/* The image, by its digest where there is one. */}}
{{- define "oneshot.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The seconds of 30s, 5m, 2h or 1d. */}}
{{- define "oneshot.seconds" -}}
{{- $unit := substr (int (sub (len .) 1)) (len .) . -}}
{{- mul (trimSuffix $unit . | int) (get (dict "s" 1 "m" 60 "h" 3600 "d" 86400) $unit) -}}
{{- end }}

{{/* Where a pod runs, and with what its image is pulled. */}}
{{- define "oneshot.placement" -}}
{{- range $name := list "imagePullSecrets" "nodeSelector" "tolerations" "affinity" }}
{{- with get $.Values $name }}
{{ $name }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What the jobs that look at others expect of those that are enabled. */}}
{{- define "oneshot.expected" -}}
{{- $facts := include "oneshot.facts" . | fromJson }}
{{- $expected := list }}
{{- $idle := list }}
{{- $lines := list }}
{{- range $key, $job := .Values.jobs }}
{{- $fact := get $facts $key }}
{{- if and $job.enabled (not $fact.watches) }}
{{- $expected = append $expected (printf "%s=%s" $fact.ledger $job.every) }}
{{- range $line := $fact.lines }}
{{- $lines = append $lines (printf "%s=%s" $fact.job $line) }}
{{- end }}
{{- if $fact.mayIdle }}
{{- $idle = append $idle $fact.ledger }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "HEALTH_EXPECT" (join "," $expected) "HEALTH_MAY_IDLE" (join " " $idle) "HEALTH_LINES" (join "," (uniq $lines)) | toJson }}
{{- end }}

{{/* A job's own settings as environment: those of its values, and where its files are mounted. */}}
{{- define "oneshot.settings" -}}
{{- $settings := dict }}
{{- if .fact.watches }}
{{- $settings = include "oneshot.expected" .root | fromJson }}
{{- end }}
{{- range $name, $value := .job.settings }}
{{- if kindIs "invalid" $value }}
{{- $settings = omit $settings $name }}
{{- else }}
{{- $settings = set $settings $name $value }}
{{- end }}
{{- end }}
{{- range $name, $value := $settings }}
{{- if ne (toString $value) "" }}
- {name: {{ $name }}, value: {{ $value | toString | toJson }}}
{{- end }}
{{- end }}
{{- range $name := .fact.files }}
{{- with get $.root.Values.sql $name }}
{{- if hasSuffix "_DIR" $name }}
- {name: {{ $name }}, value: /etc/oneshot/{{ $name }}}
{{- else if ne (len .) 1 }}
{{- fail (printf "sql.%s takes one file, and has %d" $name (len .)) }}
{{- else }}
- {name: {{ $name }}, value: /etc/oneshot/{{ $name }}/{{ keys . | first }}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ConfigMap of a setting's files. */}}
{{- define "oneshot.files" -}}
{{ .root.Values.prefix }}oneshot-{{ .name | lower | replace "_" "-" }}
{{- end }}

{{- define "oneshot.mounts" -}}
{{- range $name := .fact.files }}
{{- if get $.root.Values.sql $name }}
- name: {{ $name | lower | replace "_" "-" }}
  mountPath: /etc/oneshot/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- with .job.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "oneshot.volumes" -}}
{{- range $name := .fact.files }}
{{- if get $.root.Values.sql $name }}
- name: {{ $name | lower | replace "_" "-" }}
  configMap:
    name: {{ include "oneshot.files" (dict "root" $.root "name" $name) }}
{{- end }}
{{- end }}
{{- with .job.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The containers that run before the job's. */}}
{{- define "oneshot.before" -}}
{{- with .initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
