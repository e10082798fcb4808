//! Pickles, read without executing anything.
//!
//! A pickle is a program for a machine with a stack, which may call any function of Python. Here a
//! call is only noted down, with the name of the function and its arguments: what reads the file
//! makes tensors of the few that it knows. Source: the opcodes of Python's `pickletools`, of
//! protocols 2 to 4, as far as `torch.save` writes them.

use std::collections::HashMap;

use crate::file::error::ReadErrorKind;

/// Objects that a pickle may make: no model has as many, a hostile file might.
const MOST: usize = 1 << 22;

/// The number of an object among all of a pickle.
pub(super) type Id = usize;

/// What a pickle makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// Keys and values in their order; of keys that come twice the last counts.
    Dict(Vec<(Id, Id)>),
    /// A function or a class, as `module.name`.
    Global(String),
    /// What is stored beside the pickle, under this description.
    Persistent(Id),
    /// What a function would return that was not called, and the tuple of its arguments.
    Call(Id, Id),
    /// What is not needed, such as bytes.
    Other(&'static str),
}

/// All objects of a pickle.
#[derive(Debug)]
pub(super) struct Objects {
    all: Vec<Object>,
    /// What the pickle stands for.
    pub root: Id,
}

impl Objects {
    /// The object of a number.
    pub fn get(&self, id: Id) -> &Object {
        &self.all[id]
    }

    /// The name of a function or a class; nothing of other objects.
    pub fn name(&self, id: Id) -> &str {
        match &self.all[id] {
            Object::Global(name) => name,
            _ => "",
        }
    }

    /// Reads a pickle.
    ///
    /// # Errors
    ///
    /// If it ends early, has an operation that `torch.save` does not write, or contradicts itself.
    pub fn read(bytes: &[u8]) -> Result<Objects, ReadErrorKind> {
        let mut machine = Machine {
            bytes,
            place: 0,
            all: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while machine.step()? {}
        let root = machine.pop()?;
        Ok(Objects { all: machine.all, root })
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    place: usize,
    all: Vec<Object>,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Runs one operation; false at the end of the program.
    fn step(&mut self) -> Result<bool, ReadErrorKind> {
        let start = self.place;
        let [operation] = self.take()?;
        match operation {
            // Protocol and frames say nothing of what is in them.
            0x80 => drop(self.take::<1>()?),
            0x95 => drop(self.take::<8>()?),
            b'.' => return Ok(false),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Object::None)?,
            0x88 => self.push(Object::Bool(true))?,
            0x89 => self.push(Object::Bool(false))?,
            b'J' => {
                let number = i32::from_le_bytes(self.take()?);
                self.push(Object::Int(number.into()))?;
            }
            b'K' => {
                let [number] = self.take()?;
                self.push(Object::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.take()?);
                self.push(Object::Int(number.into()))?;
            }
            0x8a => self.long()?,
            b'G' => {
                let number = f64::from_be_bytes(self.take()?);
                self.push(Object::Float(number))?;
            }
            b'X' => self.text(4)?,
            b'U' | 0x8c => self.text(1)?,
            b'T' => self.text(4)?,
            0x8d => self.text(8)?,
            b'B' => self.bytes_of(4)?,
            b'C' => self.bytes_of(1)?,
            b')' => self.push(Object::Tuple(vec![]))?,
            b']' => self.push(Object::List(vec![]))?,
            b'}' => self.push(Object::Dict(vec![]))?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.marked()?;
                self.push(Object::Tuple(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.marked()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.marked()?;
                self.set(&items)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => self.stack_global()?,
            // A call, and the making of an object of a class.
            b'R' | 0x81 => self.call()?,
            // The state of an object: of a dictionary what PyTorch keeps of versions.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let id = self.pop()?;
                self.push(Object::Persistent(id))?;
            }
            b'q' => {
                let [key] = self.take()?;
                self.remember(key.into())?;
            }
            b'r' => {
                let key = u32::from_le_bytes(self.take()?);
                self.remember(key)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let [key] = self.take()?;
                self.recall(key.into())?;
            }
            b'j' => {
                let key = u32::from_le_bytes(self.take()?);
                self.recall(key)?;
            }
            other => {
                return Err(damaged(format!(
                    "its pickle has the operation {other:#04x} at byte {start}, which torch.save \
                     does not write"
                )));
            }
        }
        Ok(true)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], ReadErrorKind> {
        let rest = &self.bytes[self.place..];
        let found = rest.get(..length).ok_or_else(|| {
            damaged(format!("its pickle ends after {} bytes, before it is done", self.bytes.len()))
        })?;
        self.place += length;
        Ok(found)
    }

    fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], ReadErrorKind> {
        self.slice(COUNT).map(|bytes| bytes.try_into().expect("as many as asked for"))
    }

    /// The bytes behind their length, which is a number of so many bytes itself.
    fn counted(&mut self, size: usize) -> Result<&'a [u8], ReadErrorKind> {
        let mut length = [0; 8];
        length[..size].copy_from_slice(self.slice(size)?);
        self.slice(usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<String, ReadErrorKind> {
        let rest = &self.bytes[self.place..];
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        let line = String::from_utf8_lossy(self.slice(end)?).into_owned();
        self.slice(1)?;
        Ok(line)
    }

    fn push(&mut self, object: Object) -> Result<(), ReadErrorKind> {
        if self.all.len() == MOST {
            return Err(damaged(format!("its pickle makes more than {MOST} objects")));
        }
        self.stack.push(self.all.len());
        self.all.push(object);
        Ok(())
    }

    /// The top of the stack above the last mark.
    fn top(&self) -> Result<Id, ReadErrorKind> {
        let floor = self.marks.last().copied().unwrap_or(0);
        self.stack[floor..].last().copied().ok_or_else(contradiction)
    }

    fn pop(&mut self) -> Result<Id, ReadErrorKind> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// All that is above the last mark.
    fn marked(&mut self) -> Result<Vec<Id>, ReadErrorKind> {
        let mark = self.marks.pop().ok_or_else(contradiction)?;
        Ok(self.stack.split_off(mark))
    }

    fn text(&mut self, size: usize) -> Result<(), ReadErrorKind> {
        let text = String::from_utf8_lossy(self.counted(size)?).into_owned();
        self.push(Object::Text(text))
    }

    fn bytes_of(&mut self, size: usize) -> Result<(), ReadErrorKind> {
        self.counted(size)?;
        self.push(Object::Other("bytes"))
    }

    /// A signed number of few bytes.
    fn long(&mut self) -> Result<(), ReadErrorKind> {
        let bytes = self.counted(1)?;
        let negative = bytes.last().is_some_and(|&last| last >= 0x80);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        match number.get_mut(..bytes.len()) {
            Some(part) => {
                part.copy_from_slice(bytes);
                self.push(Object::Int(i64::from_le_bytes(number)))
            }
            None => self.push(Object::Other("large integer")),
        }
    }

    fn tuple(&mut self, length: usize) -> Result<(), ReadErrorKind> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Object::Tuple(items))
    }

    /// To the list below; what a class of its own does with items is not known.
    fn append(&mut self, items: Vec<Id>) -> Result<(), ReadErrorKind> {
        let below = self.top()?;
        match &mut self.all[below] {
            Object::List(list) => list.extend(items),
            Object::Call(..) | Object::Other(_) => {}
            _ => return Err(contradiction()),
        }
        Ok(())
    }

    /// Keys and values by turns, into the dictionary below.
    fn set(&mut self, items: &[Id]) -> Result<(), ReadErrorKind> {
        let (pairs, rest) = items.as_chunks::<2>();
        let below = self.top()?;
        match &mut self.all[below] {
            _ if !rest.is_empty() => return Err(contradiction()),
            Object::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            Object::Call(..) | Object::Other(_) => {}
            _ => return Err(contradiction()),
        }
        Ok(())
    }

    fn stack_global(&mut self) -> Result<(), ReadErrorKind> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (&self.all[module], &self.all[name]) {
            (Object::Text(module), Object::Text(name)) => {
                let (module, name) = (module.clone(), name.clone());
                self.global(&module, &name)
            }
            _ => Err(contradiction()),
        }
    }

    /// A name; it is shown in messages.
    fn global(&mut self, module: &str, name: &str) -> Result<(), ReadErrorKind> {
        const LONGEST: usize = 256;
        if module.len() + name.len() > LONGEST {
            return Err(contradiction());
        }
        self.push(Object::Global(format!("{module}.{name}")))
    }

    /// Notes a call down. An empty dictionary of Python's library is what it would be.
    fn call(&mut self) -> Result<(), ReadErrorKind> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Object::Tuple(given) = &self.all[arguments] else { return Err(contradiction()) };
        let object = match &self.all[function] {
            Object::Global(name) if name == "collections.OrderedDict" && given.is_empty() => {
                Object::Dict(vec![])
            }
            Object::Global(_) => Object::Call(function, arguments),
            Object::Call(function, _) => Object::Call(*function, arguments),
            _ => return Err(contradiction()),
        };
        self.push(object)
    }

    fn remember(&mut self, key: u32) -> Result<(), ReadErrorKind> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: u32) -> Result<(), ReadErrorKind> {
        let id = *self.memo.get(&key).ok_or_else(contradiction)?;
        self.stack.push(id);
        Ok(())
    }
}

fn contradiction() -> ReadErrorKind {
    damaged("its pickle contradicts itself".to_owned())
}

fn damaged(detail: String) -> ReadErrorKind {
    ReadErrorKind::Damaged { detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Object, String> {
        let objects = Objects::read(bytes).map_err(|flaw| flaw.to_string())?;
        Ok(objects.get(objects.root).clone())
    }

    #[test]
    fn numbers_have_their_values() {
        assert_eq!(read(b"\x80\x02K\xff."), Ok(Object::Int(255)));
        assert_eq!(read(b"M\x01\x02."), Ok(Object::Int(513)));
        assert_eq!(read(b"J\xfe\xff\xff\xff."), Ok(Object::Int(-2)));
        assert_eq!(read(b"\x8a\x02\x00\x80."), Ok(Object::Int(-32768)));
        assert_eq!(read(b"\x8a\x00."), Ok(Object::Int(0)));
        assert_eq!(read(b"\x8a\x09123456789."), Ok(Object::Other("large integer")));
        assert_eq!(read(b"G\x3f\xf8\0\0\0\0\0\0."), Ok(Object::Float(1.5)));
    }

    /// What `os.system("true")` is pickled to, which unpickling would run.
    #[test]
    fn calls_are_noted_down_and_not_made() {
        let called = |bytes: &[u8]| {
            let objects = Objects::read(bytes).unwrap();
            let Object::Call(function, _) = *objects.get(objects.root) else { panic!("a call") };
            objects.name(function).to_owned()
        };
        assert_eq!(called(b"cposix\nsystem\nX\x04\0\0\0true\x85R."), "posix.system");
        assert_eq!(called(b"cm\nC\n)\x81}X\x01\0\0\0aK\x01sb."), "m.C");
    }

    #[test]
    fn dictionaries_may_be_made_in_several_ways() {
        let key_and_value = |bytes: &[u8]| match read(bytes) {
            Ok(Object::Dict(pairs)) => pairs.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(key_and_value(b"}X\x01\0\0\0aK\x01s."), 1);
        assert_eq!(key_and_value(b"ccollections\nOrderedDict\n)R(K\x01K\x02K\x03K\x04u."), 2);
        assert_eq!(key_and_value(b"\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R."), 0);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for bytes in [
            &b"."[..],
            b"(.",
            b"R.",
            b"K\x01)R.",
            b"h\x01.",
            b"K\x01a.",
            b"]K\x01s.",
            b"}(K\x01u.",
            b"t.",
            b"\x85.",
            b"(K\x01\x86.",
            b"K\x01K\x02\x93.",
        ] {
            assert_eq!(
                read(bytes),
                Err("is damaged: its pickle contradicts itself".into()),
                "{bytes:?}"
            );
        }
        for bytes in [
            &b""[..],
            b"X\xff\xff\xff\xffabc.",
            b"cposix\nsys",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
        ] {
            assert!(read(bytes).unwrap_err().contains("before it is done"), "{bytes:?}");
        }
        let operation = read(b"K\x01i.").unwrap_err();
        assert!(operation.contains("the operation 0x69 at byte 2"), "{operation}");
    }
}
