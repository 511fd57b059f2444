//! A list in memory that it does not own: an array on the stack, or a mapping.

use super::errno::Errno;

/// A list of up to as many items as it has places for.
pub struct List<'m, T> {
    places: &'m mut [T],
    length: usize,
}

impl<'m, T: Copy> List<'m, T> {
    /// The empty list in these places, whatever they hold.
    pub const fn new(places: &'m mut [T]) -> Self {
        Self { places, length: 0 }
    }

    /// Number of places.
    pub const fn capacity(&self) -> usize {
        self.places.len()
    }

    /// The items.
    pub fn items(&self) -> &[T] {
        self.places.get(..self.length).unwrap_or_default()
    }

    /// The items, to change them.
    pub fn items_mut(&mut self) -> &mut [T] {
        self.places.get_mut(..self.length).unwrap_or_default()
    }

    /// Adds all of these items, or none.
    ///
    /// # Errors
    /// ENOBUFS where it lacks places.
    pub fn add(&mut self, items: &[T]) -> Result<(), Errno> {
        let free = self.places.get_mut(self.length..).unwrap_or_default();
        let places = free.get_mut(..items.len()).ok_or(Errno::ENOBUFS)?;
        // Not copy_from_slice: on x86_64 its memcpy is called by way of a .got.
        for (place, item) in places.iter_mut().zip(items) {
            *place = *item;
        }
        self.length += items.len();
        Ok(())
    }

    /// Removes all items.
    pub const fn clear(&mut self) {
        self.length = 0;
    }
}
