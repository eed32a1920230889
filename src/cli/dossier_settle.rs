//! `dossier settle`: a person says how a hand-over ended that does not end by itself, or that a newer version takes the
//! place of one that cannot be handed over.

use clap::Args;
use serde_json::json;

use super::dossier::Desk;
use super::dossier_show::{Which, shown_number, the_one};
use super::hand::{tell, who};
use super::{Call, Failure};
use crate::config::HandOverConfig;
use crate::intake::hand_over::Folder;
use crate::model::{Message, text};
use crate::store::dossiers::Found;
use crate::store::leases::{self, Taken};
use crate::store::settled::{self, Standing};
use crate::store::{dossiers, handed};

/// The longest number of an office, in characters.
const LONGEST: usize = 100;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("end").required(true).args(["taken", "not_taken", "overtaken"]))]
pub(super) struct SettleArgs {
    #[command(flatten)]
    which: Which,
    /// Phiên bản nào / which version
    #[arg(long)]
    version: i64,
    /// Một cửa đã nhận / the local system has it
    #[arg(long)]
    taken: bool,
    /// Một cửa chắc chắn chưa nhận: xét và bàn giao lại / the local system surely has it not: judged and given again
    #[arg(long)]
    not_taken: bool,
    /// Không bàn giao, đã có phiên bản mới hơn / never handed over: a newer version is ready
    #[arg(long)]
    overtaken: bool,
    /// Số tiếp nhận của Một cửa / the local system's own number
    #[arg(long = "number", value_name = "SỐ")]
    local: Option<String>,
    /// Vì sao / why
    #[arg(long)]
    reason: String,
}

/// What is said.
#[derive(Clone, Copy)]
enum End {
    Taken,
    NotTaken,
    Overtaken,
}

impl End {
    fn of(args: &SettleArgs) -> Self {
        match (args.taken, args.not_taken) {
            (true, _) => Self::Taken,
            (_, true) => Self::NotTaken,
            _ => Self::Overtaken,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotTaken => "not-taken",
            Self::Overtaken => "overtaken",
        }
    }

    /// Why it cannot be said of a version that stands so; `None` where it can.
    fn refusal(self, standing: &Standing) -> Option<Message> {
        match self {
            Self::Taken | Self::NotTaken => (standing.state != "underway").then_some(Message::SettleNotUnderway),
            Self::Overtaken if !matches!(standing.state.as_str(), "to-be-routed" | "ready") => {
                Some(Message::SettleNotOpen)
            }
            Self::Overtaken => (standing.newer == 0).then_some(Message::SettleNoNewer),
        }
    }
}

pub(super) async fn settle(call: &Call, desk: &Desk, args: &SettleArgs) -> Result<u8, Failure> {
    let (reason, end) = (args.reason.trim(), End::of(args));
    if reason.is_empty() {
        return Err(Failure::new(2, Message::ReasonNeeded.both()));
    }
    if args.local.is_some() && !args.taken {
        return Err(Failure::new(2, Message::SettleBadNumber.both()));
    }
    let local = args.local.as_deref().map(office_number).transpose()?;
    let mut tx = desk.store.write().await?;
    let found = the_one(&mut tx, &args.which).await?;
    let (number, version) = (shown_number(&found), args.version);
    let lease = match leases::take(&mut tx, &format!("intake:{}", found.intake), &leases::holder(), desk.now).await? {
        Taken::Ours(lease) => lease,
        Taken::Theirs { .. } => {
            return Err(Failure::new(1, Message::SettleBusy.with(&[("intake", &found.intake)])));
        }
    };
    dossiers::lock(&mut tx, found.id).await?;
    let told = |message: Message, state: &str| {
        Failure::new(2, message.with(&[("number", &number), ("version", &version), ("state", &state)]))
    };
    let place = (found.id, version);
    let standing = settled::standing(&mut tx, place).await?.ok_or_else(|| told(Message::SettleNoVersion, ""))?;
    if let Some(message) = end.refusal(&standing) {
        return Err(told(message, &Message::of_word("application", &standing.state)));
    }
    let who = who();
    let said = format!("người xác nhận / confirmed by {who}: {reason}");
    match end {
        End::Taken => {
            settled::taken(&mut tx, place, &said, desk.now).await?;
            if let Some(local) = &local {
                handed::name(&mut tx, found.id, local).await?;
            }
        }
        End::NotTaken => {
            settled::not_taken(&mut tx, place, &said).await?;
            forget(desk, &found, version)?;
        }
        End::Overtaken => settled::overtaken(&mut tx, place, &said).await?,
    }
    let because = format!("phiên bản / version {version}, {}: {reason}", end.word());
    dossiers::write_down(&mut tx, found.id, desk.now, (&who, &because), ("{}", "{}")).await?;
    leases::free(&mut tx, &lease).await?;
    tx.commit().await?;
    let json = json!({ "number": found.number, "version": version, "settled": end.word(), "local_number": local });
    let message = match end {
        End::Taken => Message::SettledTaken,
        End::NotTaken => Message::SettledNotTaken,
        End::Overtaken => Message::SettledOvertaken,
    };
    tell(call, &json, &message.with(&[("number", &number), ("version", &version)]));
    Ok(0)
}

/// The office's own number as it may be kept.
fn office_number(given: &str) -> Result<String, Failure> {
    let clean = text::clean(given).ok().filter(|clean| !clean.is_empty() && clean.chars().count() <= LONGEST);
    clean.map(std::borrow::Cow::into_owned).ok_or_else(|| Failure::new(2, Message::SettleBadNumber.both()))
}

/// A folder remembers what it was given; what surely never arrived is no reason to refuse what comes now.
fn forget(desk: &Desk, found: &Found, version: i64) -> Result<(), Failure> {
    let Some(intake) = desk.intake(&found.intake) else { return Ok(()) };
    let HandOverConfig::Folder { path } = &intake.hand_over else { return Ok(()) };
    let folder = Folder::new(desk.config.path(path));
    folder.forget(&found.number, version).map_err(|error| {
        let path = path.display();
        Failure::new(1, Message::SettleFolder.with(&[("path", &path), ("why", &error)]))
    })
}
