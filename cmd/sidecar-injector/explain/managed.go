package explain

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// setAt returns when a label or annotation was set, as far as managedFields tell: the time of the entry that has it, the
// earliest if several do. An entry's time is that of the last change of anything in it, so it is when the key was set
// only if the entry has it alone; otherwise the key may be older. known is false if it cannot be told.
func setAt(meta *metav1.ObjectMeta, field, key string) (since metav1.Time, alone, known bool) {
	if meta == nil {
		return since, false, false
	}
	wanted := fieldpath.MakePathOrDie("metadata", field, key)
	parent := fieldpath.MakePathOrDie("metadata", field)
	for _, entry := range meta.ManagedFields {
		owned, ok := fieldsOf(&entry)
		if !ok || !owned.Has(wanted) {
			continue
		}
		if entry.Time == nil {
			return metav1.Time{}, false, false
		}
		if known && !entry.Time.Before(&since) {
			continue
		}
		others := 0
		owned.Iterate(func(path fieldpath.Path) {
			if !path.Equals(wanted) && !path.Equals(parent) {
				others++
			}
		})
		since, alone, known = *entry.Time, others == 0, true
	}
	return since, alone, known
}

// ownedAt returns the last time of the entries of managedFields that have a field of the name, at any depth.
func ownedAt(meta *metav1.ObjectMeta, field string) (last metav1.Time, known bool) {
	if meta == nil {
		return last, false
	}
	for _, entry := range meta.ManagedFields {
		if entry.Time == nil || entry.FieldsV1 == nil || !bytes.Contains(entry.FieldsV1.GetRawBytes(), []byte(`"f:`+field+`"`)) {
			continue
		}
		if last.Before(entry.Time) {
			last = *entry.Time
		}
	}
	return last, !last.IsZero()
}

// fieldsOf reads the fields of an entry; one that is not readable has none.
func fieldsOf(entry *metav1.ManagedFieldsEntry) (*fieldpath.Set, bool) {
	if entry.FieldsV1 == nil {
		return nil, false
	}
	owned := &fieldpath.Set{}
	return owned, owned.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) == nil
}
