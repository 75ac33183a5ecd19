#!/bin/sh
# Makes the namespace, or brings its retention to what RETENTION says.
set -eu
if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE"; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
  exit
fi
temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
# A cluster needs a moment until all of it knows a new one, and what is started next needs it.
for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  temporal workflow list --namespace "$TEMPORAL_NAMESPACE" && exit
  sleep 1
done
echo "namespace $TEMPORAL_NAMESPACE is not usable after $second s" >&2
exit 1
