use ridecast_protocol::VehicleId;

use super::Fleet;

impl Fleet {
    /// A ride has taken a vehicle that this node hears, or it is free again. Told to who
    /// watches at once, also when it stands still.
    ///
    /// It holds until the opposite is said, over the vehicle's going and coming back, until
    /// its driver goes offline or opens a session on another node. Returns whether it could
    /// be told: false when this node does not hear the vehicle.
    pub fn engage(&self, id: &VehicleId, engaged: bool) -> bool {
        if !engaged {
            // Also of one that has not been heard for so long that it is gone.
            self.engaged.remove(id);
        }
        let Some(vehicle) = self.get(id) else {
            return false;
        };
        let mut now = vehicle.now.lock();
        if now.gone || !now.ours {
            return false;
        }
        if engaged {
            self.engaged.insert(id.clone());
        }
        if now.engaged != engaged {
            now.engaged = engaged;
            self.changed(&vehicle, &now);
        }
        true
    }
}
