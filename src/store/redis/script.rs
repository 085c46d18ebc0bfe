use redis::Pipeline;

/// A script that Redis carries out in one step.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

/// What a script is called with.
#[derive(Default)]
pub(crate) struct Call {
    keys: Vec<String>,
    args: Vec<Vec<u8>>,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        Self {
            text,
            hash: redis::Script::new(text).get_hash().to_owned(),
        }
    }

    /// Called by its hash, which Redis may not know.
    pub(super) fn by_hash(&self, call: &Call) -> Pipeline {
        call.pipe("EVALSHA", &self.hash)
    }

    /// Called by its text, after which Redis knows the hash.
    pub(super) fn by_text(&self, call: &Call) -> Pipeline {
        call.pipe("EVAL", self.text)
    }
}

impl Call {
    pub(super) fn key(&mut self, key: String) -> &mut Self {
        self.keys.push(key);
        self
    }

    pub(super) fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    pub(super) fn number(&mut self, number: impl ToString + Copy) -> &mut Self {
        self.arg(number.to_string())
    }

    fn pipe(&self, command: &str, script: &str) -> Pipeline {
        let mut pipe = redis::pipe();
        pipe.cmd(command)
            .arg(script)
            .arg(self.keys.len())
            .arg(&self.keys)
            .arg(&self.args);
        pipe
    }
}
