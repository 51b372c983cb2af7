/** The sign of Rockpool: a pool between rocks, with a star in it. */
export const Mark = ({ size = 28 }: { readonly size?: number }) => (
  <img className="mark" src="/icon.svg" width={size} height={size} alt="" />
)
