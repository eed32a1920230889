//! A row in the province's words becomes a record in the nation's.
