// AssemblyScript's types as TypeScript sees them, for the files that are both.
type u32 = number;
