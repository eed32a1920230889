//! Which faults fit which operation of which system.

use super::entity::kind_of;
use super::faults::{Fault, FaultKind, Operation, System};
use super::portal;

impl Fault {
    /// Why the fault makes no sense for its operation.
    pub(super) fn nonsense(&self) -> Option<&'static str> {
        use FaultKind as K;
        let of_one_system = match self.fault {
            K::ExistsElsewhere | K::ExistsMinus3 => self.system != System::Dvcqg || self.operation != Operation::Send,
            K::Omit | K::MisCased | K::OlderBodies | K::Strange => self.operation != Operation::Pull,
            K::ShortPage | K::EmptyPage | K::WrongTotal | K::ShiftedPage => self.operation != Operation::List,
            K::Doubled if self.operation == Operation::Pull => false,
            K::Poison
            | K::Partial
            | K::Missing
            | K::MissingNotStored
            | K::Shuffled
            | K::Doubled
            | K::Contradicting
            | K::Extra
            | K::ServerFault => self.system != System::Misposasoft,
            _ => false,
        };
        let of_batches = matches!(self.fault, K::Poison | K::Partial | K::Missing | K::MissingNotStored)
            && self.operation != Operation::Send;
        let of_results = matches!(self.fault, K::Shuffled | K::Doubled | K::Contradicting | K::Extra)
            && !matches!(self.operation, Operation::Send | Operation::Ask)
            && (self.fault != K::Doubled || self.operation != Operation::Pull);
        let of_texts = self.operation == Operation::Fetch
            && matches!(self.fault, K::Busy9 | K::MinusOne | K::Numbers | K::Bom | K::Deep | K::Malformed);
        let down = matches!(self.operation, Operation::Pull | Operation::Fetch);
        let of_calls = matches!(self.fault, K::TokenDies | K::Busy9 | K::MinusOne | K::Numbers)
            && self.operation == Operation::Token;
        let status = self.status.is_some_and(|status| !(400..500).contains(&status) || matches!(status, 401 | 429));
        let entity = self.entity.as_deref().is_some_and(|entity| match self.system {
            System::Misposasoft => kind_of(entity).is_none(),
            portal => !portal::entities(portal).contains(&entity),
        });
        if entity || (self.entity.is_some() && (down || self.operation == Operation::Token)) {
            Some("no such entity, or one of a token, a pull or an attachment")
        } else if of_batches
            || of_results
            || of_calls
            || of_one_system
            || of_texts
            || (down && self.system != System::Dvcbtxh)
        {
            Some("this fault does not fit this operation or system")
        } else if status {
            Some("status is not a 4xx of unknown outcome")
        } else if self.times == 0 {
            Some("times is 0")
        } else if self.bytes.is_some_and(|bytes| bytes > 16 << 30)
            || (self.fault == K::Deep && self.bytes > Some(10_000_000))
        {
            Some("bytes is too large")
        } else {
            None
        }
    }
}
