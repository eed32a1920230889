//! Lets time pass for the dossiers: running ones take a step, new ones come in, and one step turns up long after a newer
//! one was written. Only rows that may be sent are touched, each once.

use jiff::ToSpan as _;
use sqlx::sqlite::SqliteConnection;

use super::super::change::{touch, write};
use super::super::plan::{Payment, Wish};
use super::super::programmes::TableChanges;
use super::super::random::Random;
use super::super::recipe::Recipe;
use super::super::sqlite::Insert;
use super::super::table::Table;
use super::recipe::Stage;
use super::seat::{Seat, allowance, seats};
use super::{hours, sheet};

/// Changes so many dossiers in 100,000, at least one; what happened to `ho_so` and to `buoc_xu_ly`.
pub(in super::super) async fn change(
    to: &mut SqliteConnection,
    recipe: &Recipe,
    (made_by, people): (u64, u64),
    seed: u64,
    share: u32,
) -> Result<[TableChanges; 2], sqlx::Error> {
    let mut done = [TableChanges::default(); 2];
    let wanted = (super::count(recipe, people) * u64::from(share) + 50_000) / 100_000;
    let wanted = wanted.max(u64::from(share > 0));
    let fresh = wanted * 2 / 5;
    let mut steps = wanted - fresh;
    let mut random = Random::new(seed, u64::MAX - 40);
    let (mut running, mut over) = (0, 0);
    for seat in seats(recipe, made_by, people).filter(|seat| seat.harm.is_none()) {
        running += u64::from(seat.is_running());
        over += u64::from(!seat.is_running());
    }
    steps = steps.min(running);
    let mut late = (share > 0 && over > 0).then(|| random.below(over));
    let mut insert = Insert::new(Table::BuocXuLy);
    for mut seat in seats(recipe, made_by, people).filter(|seat| seat.harm.is_none()) {
        if !seat.is_running() {
            if late == Some(0) && seat.stages.len() > 2 && touch(to, Some(&sheet::number(recipe, &seat))).await? {
                insert.rows(to, &[forgotten(recipe, &mut seat)]).await?;
                done[1].late += 1;
                late = None;
            }
            late = late.map(|left| left.saturating_sub(1));
            continue;
        }
        let drawn = random.below(running) < steps;
        running -= 1;
        if !drawn || !touch(to, Some(&sheet::number(recipe, &seat))).await? {
            continue;
        }
        steps -= 1;
        let before = sheet::dossier(recipe, &seat);
        advance(recipe, &mut seat, &mut random);
        done[0].updated += write(to, Table::HoSo, &before, &sheet::dossier(recipe, &seat)).await?;
        insert.rows(to, &[sheet::step(recipe, &seat, seat.stages.len() - 1)]).await?;
        done[1].added += 1;
    }
    add(to, recipe, people, seed, fresh, &mut random, &mut done).await?;
    Ok(done)
}

/// The next step, on the day of the changes.
fn advance(recipe: &Recipe, seat: &mut Seat, random: &mut Random) {
    let section = &recipe.body.ho_so;
    let day = hours::first(recipe.body.change.day, &section.holidays);
    seat.stages.extend(seat.stages.last().map(|last| last.next()));
    seat.times.push(hours::at(day, seat.times.len().min(7), random));
}

/// A step of long ago that nobody had written down: half a minute after the first.
fn forgotten(recipe: &Recipe, seat: &mut Seat) -> super::super::table::Row {
    let key = format!("{}/{}", sheet::number(recipe, seat), seat.stages.len() + 1);
    seat.stages.insert(1, Stage::Working);
    seat.times.insert(1, seat.times[0].saturating_add(30.seconds()));
    let mut row = sheet::step(recipe, seat, 1);
    row.set("ma_buoc", key);
    row
}

async fn add(
    to: &mut SqliteConnection,
    recipe: &Recipe,
    people: u64,
    seed: u64,
    wanted: u64,
    random: &mut Random,
    done: &mut [TableChanges; 2],
) -> Result<(), sqlx::Error> {
    let there: i64 = sqlx::query_scalar("select count(*) from ho_so").fetch_one(&mut *to).await?;
    let first = u64::try_from(there).unwrap_or(0);
    let total: u64 = recipe.communes.iter().map(|c| c.weight).sum();
    let (mut dossiers, mut steps) = (Insert::new(Table::HoSo), Insert::new(Table::BuocXuLy));
    for number in first..first + wanted {
        let mut at = random.below(total);
        let commune = recipe.communes.iter().position(|c| {
            let here = at < c.weight;
            at = at.saturating_sub(c.weight);
            here
        });
        // Nobody of the first tables has these numbers.
        let index = 2 * people + 500_000 + number;
        let wish = Wish { index, commune: commune.unwrap_or(0), serial: 0, payment: Payment::Cash, damage: None };
        let stage = [Stage::New, Stage::Received][usize::try_from(random.below(2)).unwrap_or(0)];
        let day = recipe.body.change.day;
        let seat = allowance(recipe, seed, (number, wish), &[stage], None, |_| [day, day]);
        dossiers.rows(to, &[sheet::dossier(recipe, &seat)]).await?;
        steps.rows(to, &[sheet::step(recipe, &seat, 0)]).await?;
        done[0].added += 1;
        done[1].added += 1;
    }
    Ok(())
}
