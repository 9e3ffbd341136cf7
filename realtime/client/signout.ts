// For workshop pages without the editor: signing out erases what the editor kept on this device.

import { eraseAtSignOut, signOutForm } from "./forget.ts";
import { leaveWhenNobodyIsThere } from "./leaving.ts";

eraseAtSignOut();
if (signOutForm()?.dataset["shared"] === "1") leaveWhenNobodyIsThere();
