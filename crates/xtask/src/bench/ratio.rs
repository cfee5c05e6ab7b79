//! Paired ratios: samples of the same round divided by each other, then the median.

/// Ratios below this distance from 1 are not resolved by a shared machine (performance paper, section 0).
const TIE: f64 = 0.10;

/// Paired ratios of two targets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ratios(Vec<f64>);

impl Ratios {
    /// Divides what both have in the same round; rounds that lack one of the two fall out.
    pub(crate) fn of(own: &[(usize, f64)], base: &[(usize, f64)]) -> Self {
        let pair = |(round, value): &(usize, f64)| {
            let other = base.iter().find(|(r, _)| r == round)?;
            (other.1 > 0.0).then(|| value / other.1)
        };
        Self(own.iter().filter_map(pair).collect())
    }

    /// The median; nothing without pairs.
    pub(crate) fn median(&self) -> Option<f64> {
        median(&self.0)
    }

    /// `median (min-max, pairs)`.
    pub(crate) fn say(&self) -> String {
        let Some(median) = self.median() else { return "no pairs".to_owned() };
        let min = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let max = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("{median:.2} ({min:.2}-{max:.2}, n={})", self.0.len())
    }

    /// Whether the median and two thirds of the pairs are not above the bar.
    pub(crate) fn holds(&self, bar: f64) -> bool {
        let within = self.0.iter().filter(|r| **r <= bar).count();
        self.median().is_some_and(|m| m <= bar) && within * 3 >= self.0.len() * 2
    }

    /// Whether the difference is too small to be told from nothing.
    pub(crate) fn is_tie(&self) -> bool {
        self.median().is_some_and(|m| (m - 1.0).abs() < TIE)
    }

    /// The verdict on a bar, in words.
    pub(crate) fn verdict(&self, bar: f64) -> &'static str {
        match (self.0.is_empty(), self.holds(bar), self.is_tie()) {
            (true, _, _) => "not measured",
            (false, true, false) => "holds",
            (false, true, true) => "holds (tie)",
            (false, false, false) => "missed",
            (false, false, true) => "missed (tie)",
        }
    }
}

/// The median; the mean of the middle two where there is no middle one.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(half - 1).map(|lower| f64::midpoint(*lower, upper))
}

/// `median (min-max)` with so many digits behind the point.
pub(crate) fn spread(values: &[f64], digits: usize) -> String {
    let Some(median) = median(values) else { return "none".to_owned() };
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
}

/// A fixed sequence of orders: the same seed shuffles the same way on every machine (xorshift64).
pub(crate) struct Shuffle(u64);

impl Shuffle {
    /// Starts at a seed; zero would stay zero and is moved to one.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// Puts a slice into the next order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let places = last as u64 + 1;
            items.swap(last, usize::try_from(self.0 % places).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rounds_that_have_both_make_a_pair() {
        let ratios = Ratios::of(&[(0, 2.0), (1, 3.0), (2, 8.0)], &[(0, 1.0), (2, 2.0), (3, 1.0)]);
        assert_eq!(ratios, Ratios(vec![2.0, 4.0]));
        assert_eq!(ratios.median(), Some(3.0));
    }

    #[test]
    fn a_bar_needs_the_median_and_two_thirds_of_the_rounds() {
        assert!(Ratios(vec![0.9, 0.9, 1.2]).holds(1.0));
        assert!(!Ratios(vec![0.9, 1.1, 1.2]).holds(1.0));
        assert!(!Ratios(vec![0.9, 0.9, 0.99, 1.1, 1.2]).holds(1.0));
        assert!(!Ratios(Vec::new()).holds(1.0));
    }

    #[test]
    fn a_small_difference_is_called_a_tie() {
        assert_eq!(Ratios(vec![0.95]).verdict(1.0), "holds (tie)");
        assert_eq!(Ratios(vec![1.05]).verdict(1.0), "missed (tie)");
        assert_eq!(Ratios(vec![0.5]).verdict(0.75), "holds");
        assert_eq!(Ratios(vec![1.5]).verdict(1.0), "missed");
    }

    #[test]
    fn the_order_is_the_same_for_the_same_seed_and_loses_nothing() {
        let order = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            Shuffle::new(seed).shuffle(&mut items);
            items
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<u32>>());
    }
}
