// For workshop pages without the editor: signing out erases what the editor kept on this device.

import { eraseAtSignOut } from "./forget.ts";

eraseAtSignOut();
