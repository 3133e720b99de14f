//! What is checked before it is used: so far the tariff.

use std::io::{self, Write};
use std::path::Path;

use super::Status;
use crate::tariff;

/// Reads a tariff, a file or a folder, and says what is in it; faults and warnings go to `err`, each with file,
/// line and column. A faulty tariff is [`Status::Configuration`].
pub(super) fn tariff(path: &Path, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Status> {
    let loaded = match tariff::load(path) {
        Ok(loaded) => loaded,
        Err(errors) => {
            writeln!(err, "{errors}")?;
            return Ok(Status::Configuration);
        }
    };
    for warning in &loaded.warnings {
        writeln!(err, "warning: {warning}")?;
    }
    let catalogue = &loaded.catalogue;
    let plans: Vec<_> = catalogue.plans().map(|(_, plan)| &*plan.name).collect();
    let services: Vec<_> = catalogue.services().map(|(_, service)| &*service.name).collect();
    writeln!(out, "{}: sound, version {:016x}", path.display(), catalogue.version())?;
    writeln!(out, "plans: {}", plans.join(", "))?;
    writeln!(out, "services: {}", services.join(", "))?;
    writeln!(
        out,
        "{} rating groups, {} destinations, {} emergency and free numbers; prices in {}, days of {}",
        catalogue.rating_groups().len(),
        catalogue.destinations().len(),
        catalogue.numbers().listed().len(),
        catalogue.currency().as_str(),
        catalogue.timezone()
    )?;
    Ok(Status::Done)
}
