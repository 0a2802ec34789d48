use super::*;

const PLAIN: Option<IdFormat> = Some(IdFormat::Plain);
const ORDERED: Option<IdFormat> = Some(IdFormat::Ordered);
const SILENT: Mark = Mark::Silent(Silence::Forbidden);

fn ids(of: &[IdFormat]) -> Ids {
    Ids {
        has_plain: of.contains(&IdFormat::Plain),
        has_ordered: of.contains(&IdFormat::Ordered),
        is_empty: of.is_empty(),
    }
}

/// Documents, and none of ours.
fn of_others() -> Ids {
    Ids {
        is_empty: false,
        ..ids(&[])
    }
}

#[test]
fn the_mark_says_the_format_and_without_it_the_documents_do() {
    let [plain, ordered] = [IdFormat::Plain, IdFormat::Ordered];
    for (mark, ids, format) in [
        (Mark::Says(plain), ids(&[]), plain),
        (Mark::Says(ordered), ids(&[]), ordered),
        (Mark::Says(ordered), of_others(), ordered),
        (Mark::Says(plain), ids(&[plain]), plain),
        (Mark::Says(ordered), ids(&[ordered]), ordered),
        (Mark::Absent, ids(&[plain]), plain),
        (Mark::Absent, ids(&[ordered]), ordered),
        (SILENT, ids(&[plain]), plain),
        (SILENT, ids(&[ordered]), ordered),
        // The new format only where the mark of it was written.
        (Mark::Absent, ids(&[]), plain),
        (Mark::Absent, of_others(), plain),
    ] {
        assert_eq!(decide(mark, ids, None), Ok(format), "{mark:?} {ids:?}");
    }
}

#[test]
fn what_is_in_doubt_has_no_format() {
    let [plain, ordered] = [IdFormat::Plain, IdFormat::Ordered];
    let both = ids(&[plain, ordered]);
    for mark in [Mark::Says(plain), Mark::Says(ordered), Mark::Absent, SILENT] {
        assert_eq!(decide(mark, both, PLAIN), Err(Doubt::Mixed), "{mark:?}");
    }
    for (marked, found) in [(plain, ordered), (ordered, plain)] {
        let decided = decide(Mark::Says(marked), ids(&[found]), Some(marked));
        assert_eq!(decided, Err(Doubt::Contradiction { marked, found }));
    }
    for ids in [ids(&[]), of_others()] {
        let unknown = Err(Doubt::Unknown(Silence::Forbidden));
        assert_eq!(decide(SILENT, ids, None), unknown);
    }
}

#[test]
fn while_records_may_be_on_their_way_in_one_format_no_other_is_chosen() {
    for held in [PLAIN, ORDERED] {
        for mark in [Mark::Absent, SILENT] {
            assert_eq!(decide(mark, ids(&[]), held).ok(), held);
        }
        for new in [IdFormat::Plain, IdFormat::Ordered] {
            assert_eq!(ids(&[]).to_be_marked(held, new).ok(), held);
        }
    }
}

#[test]
fn only_what_holds_nothing_is_marked_as_new_collections_are() {
    let [plain, ordered] = [IdFormat::Plain, IdFormat::Ordered];
    for new in [plain, ordered] {
        assert_eq!(ids(&[]).to_be_marked(None, new), Ok(new));
    }
    for (ids, held, format) in [
        (of_others(), None, Ok(plain)),
        (ids(&[plain]), ORDERED, Ok(plain)),
        (ids(&[ordered]), PLAIN, Ok(ordered)),
        (ids(&[plain, ordered]), PLAIN, Err(Doubt::Mixed)),
    ] {
        assert_eq!(ids.to_be_marked(held, ordered), format, "{ids:?}");
    }
}

#[test]
fn the_version_of_a_mark_is_any_whole_number() {
    let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
    let whole = [2.into(), 2_i64.into(), 2.0.into(), decimal("2")];
    for version in whole {
        assert_eq!(version_in(&doc! { "version": version }), Ok(2));
    }
    let others = [1.5.into(), Bson::Null, "2".into(), decimal("NaN")];
    for version in others {
        let silence = Silence::NoWholeNumber(version.element_type());
        assert_eq!(version_in(&doc! { "version": version }), Err(silence));
    }
    assert_eq!(version_in(&doc! {}), Err(Silence::NoVersion));
}
