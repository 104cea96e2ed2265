package check

import (
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// age is a span of time as kubectl has it: 5m10s, 3d4h.
func age(span time.Duration) string { return duration.HumanDuration(max(span, 0)) }

// timeOf is when an Event was last seen.
func timeOf(event *eventsv1.Event) time.Time {
	last := event.EventTime.Time
	if event.Series != nil && event.Series.LastObservedTime.After(last) {
		last = event.Series.LastObservedTime.Time
	}
	if event.DeprecatedLastTimestamp.After(last) {
		last = event.DeprecatedLastTimestamp.Time
	}
	return last
}
