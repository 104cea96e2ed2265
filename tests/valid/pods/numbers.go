package pods

import "strings"

// ports are container ports; those of the sidecar are added.
var ports = []int64{80, 443, 8080, 9090, 53, 65535}

// seconds, thresholds and all else that is a small number.
var small = []int64{1, 1, 2, 3, 5, 10, 30, 60, 0}

// number returns what stands in a number's place.
func (m *builder) number() int64 {
	key := m.above(0)
	switch key {
	case "containerPort", "port":
		return pick(m, append(m.sidecar.Ports, ports...))
	case "hostPort":
		if m.chance(70) {
			return 0
		}
		return pick(m, append(m.sidecar.Ports, ports...))
	case "runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "defaultUser", "user":
		return pick(m, append(m.sidecar.Users, 0, 1000, 2000, 1<<31-1, 1<<31, -1))
	case "defaultMode", "mode":
		return pick(m, []int64{0o400, 0o644, 0o777})
	case "expirationSeconds", "maxExpirationSeconds":
		return pick(m, []int64{3600, 7200, 86400})
	case "priority":
		return 0
	case "weight":
		return pick(m, []int64{1, 50, 100})
	case "lun", "partition":
		return pick(m, []int64{0, 1, 255})
	case "successThreshold", "maxSkew", "minDomains":
		return pick(m, []int64{1, 1, 1, 2})
	}
	if strings.HasSuffix(key, "Seconds") && m.chance(10) {
		return pick(m, []int64{0, 600, 1<<31 - 1, -1})
	}
	return pick(m, small)
}
