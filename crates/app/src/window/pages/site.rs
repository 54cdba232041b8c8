use tegata_text::Text;

use super::{error, quiet, required};
use crate::window::model::form::SiteForm;
use crate::window::page::{Act, Block, Field, FieldId, Focus, Page};

/// Which site? Asked where no installer said it.
pub(super) fn page(form: &SiteForm, text: Text) -> Page {
    let label = text.window_site_label();
    let field = Field {
        error: error(&form.site, || text.window_site_missing(), || text.window_site_bad()),
        width: 64,
        ..required(FieldId::Site, label, text.window_site_help(), &form.site)
    };
    Page::new("site", text.window_site_heading())
        .block(Block::Lead(text.window_site_lead()))
        .block(Block::Field(field))
        .block(Block::Actions(vec![
            quiet(text.window_menu_settings(), Act::OpenSettings),
            quiet(text.window_menu_about(), Act::OpenAbout),
        ]))
        .main(text.window_site_next(), Act::Submit)
        .focus(Focus::Field(FieldId::Site))
}
