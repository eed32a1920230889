//! What rows of the programmes are damaged with.

use serde::Deserialize;

use super::super::shares::Damage;
use super::super::table::Table;

/// A damage of a programme's row. As with [`Damage`], the generator tells it and never writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// No name, where there must be one.
    MissingName,
    /// A 12-digit number that lost its leading zero.
    NumberLostZero,
    /// `000000001` and the like.
    Filler,
    /// A word that the programme's list does not have.
    UnknownCode,
    /// Less than the law's least amount, or than coefficient × rate.
    LowAmount,
    /// Money below zero.
    NegativeMoney,
    /// Paid through an account, but there is no account number.
    NoAccount,
    /// The later date lies before the earlier one: death before birth, decision before the event, exit before entry.
    WrongOrder,
    /// Emergency protection of more than three months.
    TooLong,
    /// Arrears with the first month only.
    HalfArrears,
    /// An age that the year of birth does not give.
    WrongAge,
    /// A telephone number that is none.
    BadTelephone,
    /// The last step leads back to the beginning.
    StepBack,
    /// Nobody is named for the last step.
    NoHandler,
}

impl Harm {
    /// The fixed word under which the row must be held (national-systems, sections 6 and 7), written down here once
    /// more on purpose: this room must not learn it from the mappings that it tests.
    pub fn held_for(self) -> &'static str {
        match self {
            Self::MissingName | Self::HalfArrears | Self::NoHandler => "missing",
            Self::NumberLostZero => "identity-length",
            Self::Filler => "identity-filler",
            Self::UnknownCode => "unknown-code",
            Self::LowAmount => "amount",
            Self::NegativeMoney | Self::WrongAge | Self::BadTelephone => "bad-value",
            Self::NoAccount => "account",
            Self::WrongOrder | Self::TooLong => "date-order",
            Self::StepBack => "step-back",
        }
    }

    /// What the person's own columns are spoilt with, as a beneficiary's would be.
    pub(super) fn of_person(self, table: Table) -> Option<Damage> {
        match self {
            Self::MissingName => Some(Damage::MissingName),
            Self::NumberLostZero => Some(Damage::LongNumberLostZero),
            Self::Filler => Some(Damage::Filler),
            // The only list of the honoured but that of the ages.
            Self::UnknownCode if table == Table::ChucTho => Some(Damage::UnknownCommune),
            _ => None,
        }
    }

    /// Of a dossier's own row, not of one of its steps.
    pub(in super::super) fn of_dossier(self) -> bool {
        !matches!(self, Self::StepBack | Self::NoHandler)
    }

    /// Which a table can have; those of steps are dealt out with the dossiers.
    pub(in super::super) fn of_table(table: Table) -> &'static [Self] {
        use Harm::{
            BadTelephone, Filler, HalfArrears, LowAmount, MissingName, NegativeMoney, NoAccount, NoHandler,
            NumberLostZero, StepBack, TooLong, UnknownCode, WrongAge, WrongOrder,
        };
        match table {
            Table::DoiTuong | Table::BuocXuLy => &[],
            Table::HoSo => &[MissingName, UnknownCode, BadTelephone, StepBack, NoHandler],
            Table::MaiTang => &[MissingName, NumberLostZero, Filler, UnknownCode, LowAmount, NoAccount, WrongOrder],
            Table::TroGiupDotXuat => {
                &[MissingName, NumberLostZero, Filler, UnknownCode, NegativeMoney, NoAccount, WrongOrder]
            }
            Table::ChamSocKhanCap => &[NumberLostZero, Filler, UnknownCode, NegativeMoney, WrongOrder, TooLong],
            Table::CoSoTroGiup => &[MissingName, NumberLostZero, Filler, UnknownCode, LowAmount, WrongOrder],
            Table::ChiTra => &[UnknownCode, NegativeMoney, NoAccount, HalfArrears],
            Table::ChucTho => &[MissingName, NumberLostZero, Filler, UnknownCode, NegativeMoney, WrongAge],
        }
    }
}
