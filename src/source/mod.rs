//! Where the province's rows come from: databases and files, described first, then streamed.
