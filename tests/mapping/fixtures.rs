//! Source rows and the documents expected of them, written from the contract and not by the gateway.
