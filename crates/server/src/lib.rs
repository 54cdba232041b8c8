//! The issuing site, the application interface and the status addresses: thin handlers over
//! `tegata_registrar`, and the listeners that carry them.

pub mod admin;
pub mod ambient;
pub mod anchor;
pub mod api;
pub mod built;
pub mod ceremony;
pub mod hierarchy;
pub mod installation;
pub mod jobs;
pub mod keeper;
pub mod keyfile;
pub mod limits;
mod link;
pub mod listen;
pub mod node;
pub mod offline;
pub mod pem_files;
pub mod post;
pub mod settings;
pub mod shown;
pub mod simulate;
pub mod site;
pub mod status;
pub mod updates;

#[cfg(test)]
mod testing;
