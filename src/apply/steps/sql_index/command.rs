use super::site::Site;
use crate::apply::steps::Trouble;
use crate::generate::migrations::Index;

pub(super) fn build(_site: &Site<'_>, _index: &Index, _command: &str) -> Result<(), Trouble> {
    Ok(())
}

pub(super) fn take_back(_site: &Site<'_>, _index: &Index, _command: &str) -> Result<(), Trouble> {
    Ok(())
}
