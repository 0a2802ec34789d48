//! What records share of their resource and their scope, in JSON.

use super::super::json::Stop;
use super::super::log_record::{RESOURCE, SCOPE_ATTRIBUTES};
use super::super::shared::Shared;
use super::Reader;
use super::group::Around;
use record::notice::Notice;

impl Reader<'_, '_> {
    /// Looks for what records share, wherever it stands.
    pub(super) fn share(&mut self, around: Around) -> Result<(), Stop> {
        self.shared(around).clear();
        // Records that stand before some of it are looked at later.
        let mut damage = self.damage.clone();
        let mut more = self.json.open(b'{', b'}')?;
        while more {
            let name = self.json.name()?;
            let start = self.json.place();
            if around.list().contains(&&*name) {
                self.json.raw()?;
            } else {
                self.share_member(around, &name)?;
                if let Some(damage) = &mut damage
                    && damage.is_in(start..self.json.place())
                {
                    self.json.unusual.tell(Notice::NotUtf8);
                }
            }
            more = self.json.more(b'}')?;
        }
        self.settle(around)
    }

    /// Reads a member of a group that is not the list in it; whether it is shared.
    pub(super) fn share_member(&mut self, around: Around, name: &str) -> Result<bool, Stop> {
        if name == around.own() {
            self.own(around)?;
        } else if matches!(name, "schemaUrl" | "schema_url") {
            let url = self.json.plain_text()?;
            let name = format!("{}.schema_url", around.own());
            self.shared(around).text(&name, &url);
        } else {
            self.json.raw()?;
            return Ok(false);
        }
        Ok(true)
    }

    /// What was read is all that is shared.
    pub(super) fn settle(&mut self, around: Around) -> Result<(), Stop> {
        let unusual = std::mem::take(&mut self.json.unusual);
        let shared = self.shared(around);
        shared.unusual.tell_also(&unusual);
        match shared.is_full() {
            true => Err(Stop::TooLarge),
            false => Ok(()),
        }
    }

    /// A resource or a scope; what is no object is an attribute as it is.
    fn own(&mut self, around: Around) -> Result<(), Stop> {
        if self.json.next()? == b'{' {
            return self.fields(around);
        }
        if self.json.null()? {
            return Ok(());
        }
        let (json, shared) = match around {
            Around::Resource => (&mut self.json, &mut self.resource),
            Around::Scope => (&mut self.json, &mut self.scope),
        };
        let (name, mut writer, _) = shared.next("", around.own());
        json.write_raw(&mut writer, &name, 0)
    }

    /// The fields of a resource or a scope.
    fn fields(&mut self, around: Around) -> Result<(), Stop> {
        let mut more = self.json.open(b'{', b'}')?;
        while more {
            let field = self.json.name()?;
            match (around, &*field) {
                (_, "attributes") => self.share_attributes(around)?,
                (Around::Scope, "name" | "version") => {
                    let text = self.json.plain_text()?;
                    self.scope.text(&format!("scope.{field}"), &text);
                }
                (_, "droppedAttributesCount" | "dropped_attributes_count") => {
                    let count = self.json.plain_text()?.parse().unwrap_or(0);
                    let name = format!("{}.dropped_attributes_count", around.own());
                    self.shared(around).count(&name, count);
                }
                _ => drop(self.json.raw()?),
            }
            more = self.json.more(b'}')?;
        }
        Ok(())
    }

    fn share_attributes(&mut self, around: Around) -> Result<(), Stop> {
        let (json, shared, prefix) = match around {
            Around::Resource => (&mut self.json, &mut self.resource, RESOURCE),
            Around::Scope => (&mut self.json, &mut self.scope, SCOPE_ATTRIBUTES),
        };
        if json.next()? != b'[' {
            let (name, mut writer, _) = shared.next(prefix, "attributes");
            return match json.null()? {
                true => Ok(()),
                false => json.write(&mut writer, &name, 0),
            };
        }
        let mut more = json.open(b'[', b']')?;
        while more {
            json.attribute(|json, key, is_there| {
                let (name, mut writer, _) = shared.next(prefix, &key);
                json.write_if(is_there, &mut writer, &name, 0)
            })?;
            if shared.is_full() {
                return Err(Stop::TooLarge);
            }
            more = json.more(b']')?;
        }
        Ok(())
    }

    pub(super) fn shared(&mut self, around: Around) -> &mut Shared {
        match around {
            Around::Resource => &mut self.resource,
            Around::Scope => &mut self.scope,
        }
    }
}
