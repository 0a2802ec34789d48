//! Series as they are written, each with its name, its unit and what it tells.

use logs::durations::{BOUNDS, DurationCounts};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use std::fmt;

/// What some series have in common.
pub(super) struct About {
    name: &'static str,
    unit: Option<Unit>,
    help: &'static str,
}

/// Labels of one series.
pub(super) type Labels<'l, const N: usize> = [(&'static str, &'l str); N];

/// Series of this name, without the service's prefix and what the unit and the kind put behind it.
pub(super) fn about(name: &'static str, help: &'static str) -> About {
    About {
        name,
        unit: None,
        help,
    }
}

impl About {
    pub(super) fn in_bytes(self) -> Self {
        Self {
            unit: Some(Unit::Bytes),
            ..self
        }
    }

    pub(super) fn in_seconds(self) -> Self {
        Self {
            unit: Some(Unit::Seconds),
            ..self
        }
    }
}

/// Where they are written.
pub(super) struct Written<'e>(DescriptorEncoder<'e>);

impl<'e> Written<'e> {
    pub(super) fn new(encoder: DescriptorEncoder<'e>) -> Self {
        Self(encoder)
    }

    /// What only grows.
    pub(super) fn counters<'l, const N: usize, V: EncodeCounterValue>(
        &mut self,
        about: &About,
        series: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let mut family = self.family(about, MetricType::Counter)?;
        for (labels, value) in series {
            let mut one = family.encode_family(&labels)?;
            one.encode_counter::<NoLabelSet, V, u64>(&value, None)?;
        }
        Ok(())
    }

    /// The same of one series.
    pub(super) fn counter<V: EncodeCounterValue>(
        &mut self,
        about: &About,
        value: V,
    ) -> fmt::Result {
        self.counters(about, [([], value)])
    }

    /// What stands where it stands.
    pub(super) fn gauges<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        about: &About,
        series: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let mut family = self.family(about, MetricType::Gauge)?;
        for (labels, value) in series {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// The same of one series.
    pub(super) fn gauge<V: EncodeGaugeValue>(&mut self, about: &About, value: V) -> fmt::Result {
        self.gauges(about, [([], value)])
    }

    /// What only its labels tell.
    pub(super) fn info<const N: usize>(
        &mut self,
        about: &About,
        labels: &Labels<'_, N>,
    ) -> fmt::Result {
        self.family(about, MetricType::Info)?.encode_info(labels)
    }

    /// How long something took.
    pub(super) fn durations<'l, const N: usize>(
        &mut self,
        about: About,
        series: impl IntoIterator<Item = (Labels<'l, N>, DurationCounts)>,
    ) -> fmt::Result {
        let about = about.in_seconds();
        let mut family = self.family(&about, MetricType::Histogram)?;
        for (labels, durations) in series {
            let mut one = family.encode_family(&labels)?;
            let sum = durations.sum.as_secs_f64();
            let buckets: Vec<_> = bounds().zip(durations.counts).collect();
            one.encode_histogram::<NoLabelSet>(sum, durations.count(), &buckets, None)?;
        }
        Ok(())
    }

    fn family<'s>(
        &'s mut self,
        about: &'s About,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        let unit = about.unit.as_ref();
        self.0.encode_descriptor(about.name, about.help, unit, kind)
    }
}

/// In seconds; the last one is of all that there is no bound for.
fn bounds() -> impl Iterator<Item = f64> {
    let seconds = BOUNDS.iter().map(|micros| {
        let bound = std::time::Duration::from_micros(*micros);
        bound.as_secs_f64()
    });
    seconds.chain([f64::INFINITY])
}
