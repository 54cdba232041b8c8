use std::path::PathBuf;

use super::seed::FirstSeat;
use super::{Failure, output};

/// What the demo says when everything is ready.
pub(super) struct Banner {
    pub(super) site: String,
    pub(super) gateway: String,
    pub(super) status: String,
    pub(super) admin: String,
    pub(super) root_pem: PathBuf,
    pub(super) root_sha256: String,
    pub(super) seat: FirstSeat,
    pub(super) service_url: String,
    pub(super) data_dir: PathBuf,
    pub(super) mail_dir: PathBuf,
    pub(super) smtp: String,
}

impl Banner {
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let value = serde_json::json!({
            "site": self.site,
            "gateway": self.gateway,
            "console": null,
            "status": self.status,
            "console_link": null,
            "admin": self.admin,
            "root_pem": self.root_pem,
            "root_sha256": self.root_sha256,
            "user_id": self.seat.user_id,
            "password": self.seat.password,
            "service_url": self.service_url,
            "mail_dir": self.mail_dir,
            "smtp": self.smtp,
            "data_dir": self.data_dir,
        });
        output::one(json, &value, &self.table())
    }

    fn table(&self) -> String {
        let app = std::env::current_exe()
            .map(|exe| exe.with_file_name("tegata-app"))
            .unwrap_or_else(|_| "tegata-app".into());
        let data_dir = self.data_dir.display();
        let root = self.root_pem.display();
        format!(
            "
  issuing site       {site}
  protected service  {service}
  status             {status}/crl/…, /ocsp/…, /aia/…
  root certificate   {root}
  its SHA-256        {sha256}
  data directory     {data_dir}
  mails              {mail_dir}/*.eml

  user ID            {user_id}
  initial password   {password}

Next, in another terminal, issue a certificate:

  {app} issue --site {site} \\
    --root-sha256 {sha256} \\
    --user {user_id} --password-file {password_file} \\
    --mail you@example.co.jp --store pem:my-certificate

open the protected service with it, and then turn it away:

  curl --cacert {root} --cert my-certificate/{user_id}.chain.pem \\
    --key my-certificate/{user_id}.key.pem {service}
  {tegata} certificate revoke {user_id} --dir {data_dir}

Ctrl-C ends the demo.
",
            mail_dir = self.mail_dir.display(),
            site = self.site,
            service = self.service_url,
            status = self.status,
            sha256 = self.root_sha256,
            user_id = self.seat.user_id,
            password = self.seat.password,
            password_file = self.seat.password_file.display(),
            app = app.display(),
            tegata = app.with_file_name("tegata").display(),
        )
    }
}
