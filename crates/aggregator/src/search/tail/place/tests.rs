use super::*;
use proptest::prelude::*;
use record::id::BatchId;
use std::collections::BTreeMap;
use store::feed::Announced;

fn feed(number: u8) -> FeedId {
    FeedId([number; 8])
}

fn reached(number: u64) -> Reached {
    Reached {
        number,
        life: Life([9; 8]),
    }
}

fn id(time: i64, batch: u8, position: u32) -> RecordId {
    let batch = BatchId::from_bytes([batch; 8]);
    RecordId::new(Timestamp::from_nanos(time), batch, position)
}

fn ids() -> impl Strategy<Value = RecordId> {
    (any::<i64>(), any::<u8>(), any::<u32>())
        .prop_map(|(time, batch, position)| id(time, batch, position))
}

prop_compose! {
    fn places()(
        after in prop::option::of(ids()), within in prop::option::of((any::<u8>(), ids())),
        feeds in prop::collection::btree_map(any::<u8>(), any::<u64>(), 0..90), now in prop::option::of(any::<i64>()),
    ) -> Place {
        let vector = feeds.into_iter().map(|(number, at)| (feed(number), reached(at))).collect();
        let within = within.map(|(number, last)| (feed(number), last));
        Place { within, ..Place::at(after, vector, now.map(Timestamp::from_nanos)) }
    }
}

proptest! {
    #[test]
    fn a_place_is_read_as_it_was_written_with_as_many_feeds_as_fit(place in places()) {
        let read = Place::read(&place.bytes()).unwrap();
        prop_assert!(place.bytes().len() <= query::cursor::LARGEST_PLACE);
        prop_assert_eq!((read.after, read.within, read.now), (place.after, place.within, place.now));
        prop_assert_eq!(read.lacks_feeds, place.vector.len() > MOST_FEEDS);
        prop_assert_eq!(read.vector.len(), place.vector.len().min(MOST_FEEDS));
        prop_assert!(read.vector.iter().all(|(feed, at)| place.vector.get(feed) == Some(at)));
        if let Some((feed, _)) = place.within {
            prop_assert_eq!(read.vector.get(&feed), place.vector.get(&feed));
        }
    }

    #[test]
    fn places_of_one_page_or_entry_are_those_with_another_last_record(place in places(), last in ids()) {
        let moved = match place.within {
            Some((feed, _)) => Place { within: Some((feed, last)), ..place.clone() },
            None => Place { after: Some(last), ..place.clone() },
        };
        prop_assume!(place.within.is_some() || place.after.is_some());
        let mut bytes = Vec::new();
        place.places().put(last, &mut bytes);
        prop_assert_eq!(bytes, moved.bytes());
    }

    #[test]
    fn no_other_bytes_are_a_place(place in places(), more in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = place.bytes();
        let cut = cut.index(bytes.len());
        prop_assert_eq!(Place::read(&bytes[..cut]), None);
        bytes.push(more);
        prop_assert_eq!(Place::read(&bytes), None);
    }
}

/// A store with two feeds: records that are stored, and which entry announced each.
#[derive(Default)]
struct Model {
    stored: BTreeMap<RecordId, ()>,
    unannounced: Vec<(u8, RecordId)>,
    entries: Vec<FeedEntry>,
    numbers: BTreeMap<u8, u64>,
}

impl Model {
    fn store(&mut self, feed: u8, ids: impl Iterator<Item = RecordId>) {
        for id in ids {
            if self.stored.insert(id, ()).is_none() {
                self.unannounced.push((feed, id));
            }
        }
    }

    fn announce(&mut self) {
        for number in [1, 2] {
            let mut announced = Announced::default();
            for (_, id) in self.unannounced.iter().filter(|(feed, _)| *feed == number) {
                announced.add(id.batch(), id.position());
            }
            if announced.records() > 0 {
                let at = self.numbers.entry(number).or_default();
                *at += 1;
                self.entries.push(FeedEntry {
                    feed: feed(number),
                    reached: reached(*at),
                    at: Timestamp::from_nanos(0),
                    announced,
                    spans: Vec::new(),
                });
            }
        }
        self.unannounced.clear();
    }

    fn settled(&mut self) -> Vector {
        self.announce();
        let numbers = self.numbers.iter();
        numbers
            .map(|(number, at)| (feed(*number), reached(*at)))
            .collect()
    }

    /// The next entries behind a place.
    fn behind(&self, place: &Place) -> Vec<FeedEntry> {
        let mut vector = place.vector.clone();
        let mut behind = Vec::new();
        for entry in &self.entries {
            if vector.get(&entry.feed).map_or(0, |at| at.number) < entry.reached.number {
                vector.insert(entry.feed, entry.reached);
                behind.push(entry.clone());
            }
        }
        behind
    }
}

/// What happens between two steps of the reader.
#[derive(Debug, Clone)]
enum Happens {
    Stores(u8, Vec<(i64, u8)>),
    Announces,
    /// The reader goes away behind what he was given last, and comes again.
    Resumes,
    Nothing,
}

fn happens() -> impl Strategy<Value = Happens> {
    let records = prop::collection::vec((0_i64..40, 0_u8..6), 1..6);
    prop_oneof![
        4 => (1_u8..3, records).prop_map(|(feed, records)| Happens::Stores(feed, records)),
        2 => Just(Happens::Announces),
        2 => Just(Happens::Resumes),
        1 => Just(Happens::Nothing),
    ]
}

struct Reader {
    place: Place,
    given: Vec<RecordId>,
    start: i64,
    page_rows: usize,
}

impl Reader {
    fn matches(&self, id: &RecordId) -> bool {
        id.time().nanos() >= self.start
    }

    /// He goes away and comes again at the place that the last event's id says.
    fn gives(&mut self, id: RecordId, place: Vec<u8>, resumes: &mut impl FnMut() -> bool) -> bool {
        self.given.push(id);
        let is_over = resumes();
        if is_over {
            self.place = Place::read(&place).unwrap();
        }
        is_over
    }

    /// Gives an entry; whether to its end.
    fn entry(
        &mut self,
        model: &Model,
        entry: &FeedEntry,
        resumes: &mut impl FnMut() -> bool,
    ) -> bool {
        let ids: Vec<RecordId> = model.stored.keys().copied().collect();
        let taken = ids
            .iter()
            .filter(|id| self.matches(id) && self.place.takes(entry, id));
        let places = Place {
            within: Some((entry.feed, RecordId::MIN)),
            ..self.place.clone()
        }
        .places();
        for id in taken.copied().collect::<Vec<_>>() {
            if self.gives(id, places.at(Some(id)), resumes) {
                return false;
            }
        }
        self.place.pass(entry);
        true
    }

    /// Gives what is there, up to the live end or until he comes again.
    fn goes_on(&mut self, model: &mut Model, between: &mut impl FnMut(&mut Model) -> bool) {
        // An entry of which a part was given comes first.
        let mut behind = model.behind(&self.place);
        if let Some((feed, _)) = self.place.within {
            behind.retain(|entry| entry.feed == feed);
            behind.truncate(1);
        }
        for entry in behind {
            if !self.entry(model, &entry, &mut || between(&mut Model::default())) {
                return;
            }
        }
        let Some(after) = self.place.after else {
            return;
        };
        let mut page = model
            .stored
            .keys()
            .filter(|id| **id > after && self.matches(id))
            .copied();
        let rows: Vec<RecordId> = page.by_ref().take(self.page_rows).collect();
        let next = page.next().and(rows.last().copied());
        between(model);
        let settled = model.settled();
        between(model);
        let later: Vec<FeedEntry> = model.behind(&self.place);
        let announced = Later::of(later.iter().cloned().map(Arc::new).collect());
        let places = self.place.places();
        for id in rows.iter().filter(|id| !announced.has(id)) {
            if self.gives(*id, places.at(Some(*id)), &mut || {
                between(&mut Model::default())
            }) {
                return;
            }
        }
        self.place.after = next;
        for entry in &later {
            if self.place.is_behind(&settled) {
                break;
            }
            if !self.entry(model, entry, &mut || between(&mut Model::default())) {
                return;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_record_is_given_once_whatever_is_stored_and_wherever_the_reader_comes_again(
        before in prop::collection::vec((0_i64..40, 0_u8..6), 0..30), start in -1_i64..30, page_rows in 1_usize..6,
        from_the_past: bool, events in prop::collection::vec(happens(), 0..60),
    ) {
        let mut model = Model::default();
        let mut position = 0_u32;
        let mut fresh = |records: &[(i64, u8)]| {
            let ids = records.iter().map(|(time, batch)| {
                position += 1;
                id(*time, *batch, position)
            });
            ids.collect::<Vec<_>>().into_iter()
        };
        // Of the first of them no entry tells.
        model.store(1, fresh(&before));
        model.unannounced.clear();
        let first: Vec<RecordId> = model.stored.keys().copied().collect();
        let after = from_the_past.then(|| RecordId::first_at(Timestamp::from_nanos(start)).predecessor().unwrap());
        let vector = model.settled();
        let mut reader = Reader { place: Place::at(after, vector, None), given: Vec::new(), start, page_rows };
        let mut events = events.into_iter();
        let mut between = |model: &mut Model| match events.next() {
            None | Some(Happens::Nothing) => false,
            Some(Happens::Stores(feed, records)) => {
                model.store(feed, fresh(&records));
                false
            }
            Some(Happens::Announces) => {
                model.announce();
                false
            }
            Some(Happens::Resumes) => true,
        };
        for _ in 0..40 {
            between(&mut model);
            reader.goes_on(&mut model, &mut between);
        }
        for _ in 0..60 {
            model.announce();
            reader.goes_on(&mut model, &mut |_| false);
        }
        prop_assert!(reader.place.after.is_none());
        let expected: Vec<RecordId> = model.stored.keys().copied()
            .filter(|id| reader.matches(id) && (from_the_past || !first.contains(id))).collect();
        let mut given = reader.given.clone();
        given.sort();
        prop_assert_eq!(given, expected);
    }
}
